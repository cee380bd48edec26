// Copies of what is erased or destroyed, on a command line: `backup:safe 2`. What each may hold its plan says.

import { InvalidArgumentError, Option } from 'commander'

import type { Copy } from '../papers/copies.ts'

export function copiesOption(): Option {
  return new Option('--copy <kind:where>', 'a copy that is known of, such as backup:safe 2')
    .argParser(copiesIn('known'))
    .default([])
}

/** Reads one more of them, in this state. */
export function copiesIn(state: Copy['state']): (text: string, before: readonly Copy[]) => readonly Copy[] {
  return (text, before) => {
    const [, kind = '', where = ''] = /^(backup|archive|export|replica|recipient):(.+)$/su.exec(text) ?? []
    if (where === '')
      throw new InvalidArgumentError('it is KIND:WHERE, the kind backup, archive, export, replica or recipient')
    // Proven by the pattern.
    return [...before, { kind: kind as Copy['kind'], where, state }]
  }
}

export function sortedCopies(all: readonly Copy[]): readonly Copy[] {
  return [...all].sort((one, other) => (`${one.kind} ${one.where}` < `${other.kind} ${other.where}` ? -1 : 1))
}
