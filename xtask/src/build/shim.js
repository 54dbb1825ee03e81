// The module that workerd loads: it forwards to the wasm exports, and outlives a crash of the wasm.
import * as wasm from './index.js'

// Kept by the `worker` crate outside the wasm: its panic hook sets `criticalError`,
// and each new wasm instance raises `instanceId`.
const life = wasm.__worker_init_state()

// A crash drops every future of the instance: what waits for one would wait for ever.
const waiting = new Set()

function crashed(cause) {
  life.criticalError = true
  for (const reject of waiting) reject(cause)
  waiting.clear()
}

// A trap inside a task that nobody awaits, such as a future polled from a microtask.
addEventListener('error', (event) => {
  if (event.error instanceof WebAssembly.RuntimeError) crashed(event.error)
})

function call(enter) {
  if (life.criticalError) {
    wasm.__wbg_reset_state()
    life.criticalError = false
  }
  return new Promise((resolve, reject) => {
    waiting.add(reject)
    const settled = (settle) => (value) => {
      waiting.delete(reject)
      if (value instanceof WebAssembly.RuntimeError) crashed(value)
      settle(value)
    }
    try {
      enter().then(settled(resolve), settled(reject))
    } catch (cause) {
      settled(reject)(cause)
    }
  })
}

export default {
  fetch: (request, env, context) => call(() => wasm.fetch(request, env, context)),
}

export class StoreObject {
  #state
  #env
  #object
  #instanceId

  constructor(state, env) {
    this.#state = state
    this.#env = env
  }

  #call(enter) {
    return call(() => {
      if (this.#instanceId !== life.instanceId) {
        this.#object = new wasm.StoreObject(this.#state, this.#env)
        this.#instanceId = life.instanceId
      }
      return enter(this.#object)
    })
  }

  fetch(request) {
    return this.#call((object) => object.fetch(request))
  }

  alarm() {
    return this.#call((object) => object.alarm())
  }

  async webSocketMessage(socket, message) {
    try {
      await this.#call((object) => object.webSocketMessage(socket, message))
    } catch (cause) {
      // Its sender waits for an answer, and all others for what may have been decided before the crash:
      // closed, they connect again, and ask.
      if (life.criticalError) {
        for (const each of this.#state.getWebSockets()) each.close(1011, 'server-failed')
      }
      throw cause
    }
  }

  webSocketClose(socket, code, reason, wasClean) {
    return this.#call((object) => object.webSocketClose(socket, code, reason, wasClean))
  }

  webSocketError(socket, error) {
    return this.#call((object) => object.webSocketError(socket, error))
  }
}
