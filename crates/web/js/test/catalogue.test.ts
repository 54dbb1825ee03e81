// Every code that the package itself speaks of is in the error catalogue (nothing-silent).

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { codes } from '../src/generated/codes'
import { BLOCKING, FINAL, NEEDS_AUTH } from '../src/refusal'

const SOURCES = join(import.meta.dirname, '../src')

function codesIn(text: string): string[] {
  return [...text.matchAll(/code: '([^']*)'/g)].map(([, code]) => code ?? '')
}

test('each code that is thrown or reported is in the catalogue', () => {
  const files = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' }).filter(
    (file) => /\.tsx?$/.test(file) && !file.startsWith('generated'),
  )
  const spoken = files.flatMap((file) => codesIn(readFileSync(join(SOURCES, file), 'utf8')))
  expect(spoken.length).toBeGreaterThan(10)
  expect(spoken.filter((code) => !Object.hasOwn(codes, code))).toEqual([])
})

test('each error of the server that is treated apart is in the catalogue', () => {
  expect([...NEEDS_AUTH, ...FINAL, ...BLOCKING].filter((code) => !Object.hasOwn(codes, code))).toEqual([])
})
