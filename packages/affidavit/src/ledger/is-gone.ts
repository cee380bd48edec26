// Whether a process of this host is over: what it left behind is nobody's.

/** Signal 0 asks only; any answer but "no such process" means that somebody is there, be it another user's. */
export function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return false
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ESRCH'
  }
}
