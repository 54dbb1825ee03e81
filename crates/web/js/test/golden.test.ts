// The golden wire files, read with the generated types: what Rust writes, TypeScript accepts.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { expect, test } from 'vitest'

const GOLDEN = resolve(import.meta.dirname, '../../../protocol/golden')
const MESSAGES = resolve(import.meta.dirname, '../src/generated/messages')
const TSC = resolve(import.meta.dirname, '../../../../node_modules/typescript/bin/tsc')

const files = readdirSync(GOLDEN).filter((file) => file.endsWith('.json'))

/** A TypeScript file that assigns each text, as it stands, to the type of its direction. */
function program(folder: string, texts: ReadonlyMap<string, string>): string {
  const from = relative(folder, MESSAGES).replaceAll('\\', '/')
  const lines = [`import type { ClientMessage, ServerMessage } from '${from}'`]
  for (const [file, text] of texts) {
    const type = file.startsWith('client-') ? 'ClientMessage' : 'ServerMessage'
    lines.push(`// ${file}`, `;(${text.trim()}) satisfies ${type}`)
  }
  return lines.join('\n')
}

/** What tsc says about it; nothing where all is well. */
function check(texts: ReadonlyMap<string, string>): string {
  const folder = mkdtempSync(join(import.meta.dirname, '.golden-'))
  try {
    const file = join(folder, 'golden.ts')
    writeFileSync(file, program(folder, texts))
    const options = [
      '--ignoreConfig',
      '--noEmit',
      '--strict',
      '--exactOptionalPropertyTypes',
      '--module',
      'esnext',
    ]
    execFileSync(process.execPath, [TSC, ...options, '--moduleResolution', 'bundler', '--types', '', file])
    return ''
  } catch (error) {
    return String((error as { stdout?: Buffer }).stdout ?? error)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test('every golden message has the type of its direction', { timeout: 60_000 }, () => {
  expect(files.length).toBeGreaterThan(10)
  const texts = new Map(files.map((file) => [file, readFileSync(join(GOLDEN, file), 'utf8')]))
  expect(check(texts)).toBe('')
})

test('a message with a field of the wrong type, or one too many, has not', { timeout: 60_000 }, () => {
  expect(check(new Map([['client-pull.json', '{"type":"pull","after":"1"}']]))).toContain("Type 'string'")
  expect(check(new Map([['client-pull.json', '{"type":"pull","after":1,"before":2}']]))).toContain('before')
})
