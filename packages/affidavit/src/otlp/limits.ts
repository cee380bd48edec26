// What one request may hold (spec/otlp.md §2). An exporter sends some hundred items at a time; these are far beyond.

export const MAX_REQUEST_BYTES = 33_554_432
/** Spans or log records. */
export const MAX_ITEMS = 10_000
/** Messages of protobuf, or objects and lists of JSON: each costs memory, however few bytes it has. */
export const MAX_NODES = 1_000_000
/** Lists and maps in one attribute. */
export const MAX_DEPTH = 64
/** OpenInference writes a long conversation as some thousands of them. */
export const MAX_ATTRIBUTES = 16_384
