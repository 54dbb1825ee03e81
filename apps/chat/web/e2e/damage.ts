// What a bad disk does, and a browser that offers none.

import type { Page } from '@playwright/test'

/** For a leader's worker: IndexedDB is all that there is, as in a private window of Firefox. */
export const NO_OPFS =
  'navigator.storage.getDirectory = () => Promise.reject(new DOMException("no", "SecurityError"));'

/** There is nothing to keep data in. */
export const NO_STORAGE = `${NO_OPFS} Object.defineProperty(self, 'indexedDB', { value: undefined });`

/** Overwrites the beginning of some files in the browser's private file system; how many there were. */
export async function damage(page: Page, ...names: string[]): Promise<number> {
  return page.evaluate(async (names) => {
    const HEADER = 4_096
    let damaged = 0
    const look = async (directory: FileSystemDirectoryHandle): Promise<void> => {
      for await (const handle of directory.values()) {
        if (handle.kind === 'directory') {
          await look(handle as FileSystemDirectoryHandle)
          continue
        }
        const file = handle as FileSystemFileHandle
        const head = await (await file.getFile()).slice(0, 512).text()
        if (!names.some((name) => head.startsWith(`${name}\0`))) continue
        const stream = await file.createWritable({ keepExistingData: true })
        await stream.write({ type: 'write', position: HEADER, data: new Uint8Array(100).fill(0x5a) })
        await stream.close()
        damaged += 1
      }
    }
    await look(await navigator.storage.getDirectory())
    return damaged
  }, names)
}
