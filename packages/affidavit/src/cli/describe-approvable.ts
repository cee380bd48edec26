// What can be approved, in words, for whoever is to approve it.

import type { Approvable } from '../embedded/approvable.ts'
import { linesOfDisposition } from './describe-disposition.ts'
import { linesOf } from './describe-plan.ts'
import { linesOfRelease } from './describe-release.ts'

export function linesOfApprovable({ kind, says }: Approvable): readonly string[] {
  switch (kind) {
    case 'erasure':
      return linesOf(says)
    case 'disposition':
      return linesOfDisposition(says)
    case 'hold release':
      return linesOfRelease(says)
  }
}
