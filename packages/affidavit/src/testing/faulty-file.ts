// A checkpoint log whose writes can be broken, one by one.

import { open } from 'node:fs/promises'

import type { LogFile, OpenLogFile } from '../ledger/checkpoint-file.ts'
import type { WriteFaults } from './write-faults.ts'

/** Opens files with `faults` in front of everything that changes them. */
export function faultyFiles(faults: WriteFaults): OpenLogFile {
  return async (path, flags) => faultyFile(await open(path, flags), faults)
}

function faultyFile(file: LogFile, faults: WriteFaults): LogFile {
  async function broken<T>(name: string, whole: () => Promise<T>, half = whole): Promise<T> {
    const write = faults.next(name)
    const failure = Object.assign(new Error(`EIO: i/o error, ${name}`), { code: 'EIO' })
    write.before(failure)
    const result = await (write.portion === 'half' ? half() : whole())
    write.after(failure)
    return result
  }

  return {
    stat: () => file.stat(),
    read: (into, offset, length, position) => file.read(into, offset, length, position),
    write: (bytes, offset, length) =>
      broken(
        'write',
        () => file.write(bytes, offset, length),
        () => file.write(bytes, offset, Math.floor(length / 2)),
      ),
    truncate: (length) => broken('truncate', () => file.truncate(length)),
    sync: () => broken('sync', () => file.sync()),
    close: () => file.close(),
  }
}
