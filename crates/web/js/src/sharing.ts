// Structural sharing: a new result keeps the identity of every row that did not change.

export type Row = Readonly<Record<string, unknown>>

/** Between two rows of a result, as the session writes it. Within a row, JSON has no line feed. */
const BETWEEN = ',\n'

/** The rows of one result after the other. Rows are compared as the texts that they come as: only new ones are read. */
export class SharedRows<T = Row> {
  #rows: readonly T[] = []
  #lines: readonly string[] = []

  get rows(): readonly T[] {
    return this.#rows
  }

  /** The rows of a JSON array, a line each; the same array where all are the same. */
  take(text: string): readonly T[] {
    const old = this.#lines
    const fresh = text === '[]' ? [] : text.slice(1, -1).split(BETWEEN)
    const shorter = Math.min(old.length, fresh.length)
    let start = 0
    while (start < shorter && old[start] === fresh[start]) start += 1
    if (start === old.length && start === fresh.length) return this.#rows

    let end = 0
    while (end < shorter - start && old[old.length - 1 - end] === fresh[fresh.length - 1 - end]) end += 1

    const middle = this.#read(fresh.slice(start, fresh.length - end), start, old.length - end)
    this.#rows = [...this.#rows.slice(0, start), ...middle, ...this.#rows.slice(old.length - end)]
    this.#lines = fresh
    return this.#rows
  }

  /** The rows of some lines: those that are among the old ones from a place to another, and those that are new. */
  #read(lines: readonly string[], from: number, to: number): T[] {
    const known = new Map<string, T>()
    for (let place = from; place < to; place += 1)
      known.set(this.#lines[place] as string, this.#rows[place] as T)
    const unknown = lines.filter((line) => !known.has(line))
    const read = (JSON.parse(`[${unknown.join()}]`) as T[]).values()
    return lines.map((line) => known.get(line) ?? (read.next().value as T))
  }
}
