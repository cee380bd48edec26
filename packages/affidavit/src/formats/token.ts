// The stand-in of a personal id in records: 128 random bits (spec/vault.md §4).

export const TOKEN: RegExp = /^tok_[0-9a-f]{32}$/
