// A localStorage for tests, with as much room as they give it.

import type { JournalStorage } from '../src/journal'

export class MemoryStorage implements JournalStorage {
  readonly items = new Map<string, string>()
  room = Number.POSITIVE_INFINITY

  get length(): number {
    return this.items.size
  }

  key(place: number): string | null {
    return [...this.items.keys()][place] ?? null
  }

  getItem(key: string): string | null {
    return this.items.get(key) ?? null
  }

  setItem(key: string, value: string): void {
    if (!this.items.has(key) && this.items.size >= this.room)
      throw new DOMException('full', 'QuotaExceededError')
    this.items.set(key, value)
  }

  removeItem(key: string): void {
    this.items.delete(key)
  }
}
