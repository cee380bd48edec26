import type { ModelEnd } from '../../capture/steps.ts'

/** What an answer says, however it ended. */
export type Answer = Omit<ModelEnd, 'ended' | 'error' | 'status'>
