// Whether the browser has promised to keep the local data.

/** What a browser without the promise, or that does not say, comes to: it may evict. */
export async function asPromised(asked: Promise<boolean> | undefined): Promise<boolean> {
  return (await asked?.catch(() => false)) ?? false
}
