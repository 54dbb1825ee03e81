// Figures: measured once, written as JSON for `cargo xtask bench` to print.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

const FOLDER = resolve(import.meta.dirname, '../../../../target/bench')

export interface Figure {
  /** What was measured. */
  readonly what: string
  readonly value: number
  readonly unit: 'ms' | 'KiB' | 'commits'
  /** No more than this is aimed at. */
  readonly most?: number
  /** The same of LiveStore's client. */
  readonly livestore?: number
  /** CPU time, spread, counts: what is beside the figure. */
  readonly beside: string
}

export function record(figure: Figure): void {
  mkdirSync(FOLDER, { recursive: true })
  const file = join(FOLDER, 'scenes.json')
  let figures: Figure[] = []
  try {
    figures = JSON.parse(readFileSync(file, 'utf8')) as Figure[]
  } catch {
    // The first of this run: the command has removed those of the last.
  }
  writeFileSync(file, `${JSON.stringify([...figures, figure], undefined, 2)}\n`)
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]
  if (value === undefined) throw new Error('nothing was measured')
  return value
}
