// What a bad disk does.

import type { Page } from '@playwright/test'

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
