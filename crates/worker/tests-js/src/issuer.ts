// An issuer of tokens: it signs them, and publishes its key when it is let.

import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server as HttpServer } from 'node:http'

export interface Claims {
  readonly sub?: string
  readonly exp?: number
  readonly syncline?: { readonly read?: readonly string[]; readonly write?: readonly string[] }
}

const encode = (json: unknown): string => Buffer.from(JSON.stringify(json)).toString('base64url')

function claims(own: Claims): string {
  const exp = Math.floor(Date.now() / 1_000) + 600
  return encode({ sub: 'ada', exp, syncline: { write: ['*'] }, ...own })
}

/** A token that is signed with a secret. */
export function hs256(secret: string, own: Claims = {}): string {
  const message = `${encode({ alg: 'HS256' })}.${claims(own)}`
  return `${message}.${createHmac('sha256', secret).update(message).digest('base64url')}`
}

export class Issuer {
  asked = 0
  readonly #http: HttpServer
  readonly #key: KeyObject
  #publish: () => void = () => {}

  private constructor(http: HttpServer, key: KeyObject) {
    this.#http = http
    this.#key = key
  }

  /** One that answers nobody until it is told to. */
  static async start(): Promise<Issuer> {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const document = JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'key' }] })
    const http = createServer().listen(0, '127.0.0.1')
    const issuer = new Issuer(http, privateKey)
    const published = new Promise<void>((resolve) => {
      issuer.#publish = resolve
    })
    http.on('request', async (_, answer) => {
      issuer.asked += 1
      await published
      answer.end(document)
    })
    await once(http, 'listening')
    return issuer
  }

  get url(): string {
    const address = this.#http.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    return `http://127.0.0.1:${address.port}/jwks.json`
  }

  publish(): void {
    this.#publish()
  }

  token(own: Claims = {}, kid = 'key'): string {
    const message = `${encode({ alg: 'ES256', kid })}.${claims(own)}`
    const key = { key: this.#key, dsaEncoding: 'ieee-p1363' } as const
    return `${message}.${sign('sha256', Buffer.from(message), key).toString('base64url')}`
  }

  stop(): void {
    this.#http.closeAllConnections()
    this.#http.close()
  }
}
