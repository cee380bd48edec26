// Files of a spool whose writes can be broken, one by one.

import { DISK, type SpoolFile, type SpoolFiles } from '../src/capture/spool/files.ts'
import type { WriteFaults } from '../src/testing/write-faults.ts'

/** `faults` in front of everything that changes the disk. */
export function faultySpoolFiles(faults: WriteFaults, disk: SpoolFiles = DISK): SpoolFiles {
  async function broken<T>(name: string, whole: () => Promise<T>, half = whole): Promise<T> {
    const write = faults.next(name)
    const failure = Object.assign(new Error(`EIO: i/o error, ${name}`), { code: 'EIO' })
    write.before(failure)
    const result = await (write.portion === 'half' ? half() : whole())
    write.after(failure)
    return result
  }

  function faultyFile(file: SpoolFile): SpoolFile {
    return {
      write: (bytes) =>
        broken(
          'write',
          () => file.write(bytes),
          () => file.write(bytes.subarray(0, Math.floor(bytes.length / 2))),
        ),
      sync: () => broken('sync', () => file.sync()),
      truncate: (size) => broken('truncate', () => file.truncate(size)),
      close: () => file.close(),
    }
  }

  return {
    create: async (path) => faultyFile(await broken('create', () => disk.create(path))),
    rename: (from, to) => broken('rename', () => disk.rename(from, to)),
    remove: (path) => broken('remove', () => disk.remove(path)),
    syncFolder: (folder) => broken('sync folder', () => disk.syncFolder(folder)),
  }
}
