// The disk below a folder of objects, whose writes can be broken, one by one.

import { DISK, type FolderFiles } from '../archive/folder-files.ts'
import type { WriteFaults } from './write-faults.ts'

/** `look` is told of each change before it is made. */
export function faultyFolder(faults: WriteFaults, look: (name: string) => void = () => undefined): FolderFiles {
  async function broken<T>(name: string, whole: () => Promise<T>, half = whole): Promise<T> {
    look(name)
    const write = faults.next(name)
    const failure = Object.assign(new Error(`EIO: i/o error, ${name}`), { code: 'EIO' })
    write.before(failure)
    const result = await (write.portion === 'half' ? half() : whole())
    write.after(failure)
    return result
  }

  return {
    create: (path) =>
      broken('create', async () => {
        const file = await DISK.create(path)
        return {
          write: (bytes) =>
            broken(
              'write',
              () => file.write(bytes),
              () => file.write(bytes.subarray(0, bytes.length >> 1)),
            ),
          sync: () => broken('sync', () => file.sync()),
          close: () => file.close(),
        }
      }),
    link: (from, to) => broken('link', () => DISK.link(from, to)),
    rename: (from, to) => broken('rename', () => DISK.rename(from, to)),
    remove: (path) => broken('remove', () => DISK.remove(path)),
    makeFolder: (path) => broken('makeFolder', () => DISK.makeFolder(path)),
    syncFolder: (folder) => broken('syncFolder', () => DISK.syncFolder(folder)),
  }
}
