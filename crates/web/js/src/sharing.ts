// Structural sharing: a new result keeps the identity of every row that did not change.

export type Row = Readonly<Record<string, unknown>>

/** `fresh`, with rows of `old` in place of equal ones; `old` itself where all are. */
export function share(old: readonly Row[], fresh: readonly Row[]): readonly Row[] {
  const shorter = Math.min(old.length, fresh.length)
  let start = 0
  while (start < shorter && sameRow(old[start], fresh[start])) start += 1
  if (start === old.length && start === fresh.length) return old

  let end = 0
  while (end < shorter - start && sameRow(old[old.length - 1 - end], fresh[fresh.length - 1 - end])) end += 1

  const known = new Map<string, Row>()
  for (const row of old.slice(start, old.length - end)) known.set(JSON.stringify(row), row)
  const middle = fresh.slice(start, fresh.length - end)
  const shared = [
    ...old.slice(0, start),
    ...(known.size === 0 ? middle : middle.map((row) => known.get(JSON.stringify(row)) ?? row)),
    ...old.slice(old.length - end),
  ]
  // Rows with lists in them are only found equal as texts.
  return shared.length === old.length && shared.every((row, place) => row === old[place]) ? old : shared
}

function sameRow(a: Row | undefined, b: Row | undefined): boolean {
  if (a === undefined || b === undefined) return false
  const columns = Object.keys(a)
  if (columns.length !== Object.keys(b).length) return false
  return columns.every((column) => Object.hasOwn(b, column) && Object.is(a[column], b[column]))
}
