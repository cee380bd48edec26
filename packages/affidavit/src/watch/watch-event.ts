// What an operator should see of a watcher, as it happens.

import type { Alert } from './alert.ts'
import type { Delivered } from './delivery.ts'
import type { WatchRun } from './run.ts'

export type WatchEvent =
  | { readonly kind: 'run'; readonly run: WatchRun }
  /** It could not be done, or not be remembered; it is tried again. */
  | { readonly kind: 'fault'; readonly code: string; readonly error: unknown }
  | { readonly kind: 'alert'; readonly alert: Alert }
  | { readonly kind: 'delivery'; readonly delivered: Delivered }
