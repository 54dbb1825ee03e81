// A network that can be cut: between a client and a server.

import { once } from 'node:events'
import { connect, createServer, type Server as Listener, type Socket } from 'node:net'

import type { Server } from './servers.ts'

export class Gate {
  readonly #listener: Listener
  readonly #sockets = new Set<Socket>()
  #isOpen = true

  private constructor(to: number) {
    this.#listener = createServer((near) => {
      if (!this.#isOpen) return near.destroy()
      const far = connect(to, '127.0.0.1')
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(one)
        one.pipe(other)
        one.on('error', () => other.destroy())
        one.on('close', () => {
          this.#sockets.delete(one)
          other.destroy()
        })
      }
      return undefined
    })
  }

  static async open(server: Server): Promise<Gate> {
    const gate = new Gate(Number(new URL(server.url).port))
    gate.#listener.listen(0, '127.0.0.1')
    await once(gate.#listener, 'listening')
    return gate
  }

  get url(): string {
    const address = this.#listener.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    return `http://127.0.0.1:${address.port}`
  }

  shut(): void {
    this.#isOpen = false
    for (const socket of this.#sockets) socket.destroy()
  }

  reopen(): void {
    this.#isOpen = true
  }

  close(): void {
    this.shut()
    this.#listener.close()
  }
}
