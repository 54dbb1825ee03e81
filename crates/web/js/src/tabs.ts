// The other tabs of the browser, as the leader's worker serves them: each by a channel that nobody else uses.

import type { Failure } from './failure'
import { describe, failureOf } from './failure'
import { sessionEnds } from './lock'
import type { FromLeader, FromTab, TabCall } from './port'
import type { ModelId } from './wasm'

type Attach = Extract<TabCall, { kind: 'attach' }>

/** Where tabs call whoever leads. */
export const callChannel = (storeId: string, subject: string): string =>
  `syncline:tabs:${storeId}:${encodeURIComponent(subject)}`

/** Between a leader and one tab. */
export const tabChannel = (session: string): string => `syncline:tab:${session}`

export interface TabsHost {
  /** Serves a session from now on. Throws a failure where it is none. */
  attach(attach: Attach, post: (message: FromLeader) => void): void
  detach(session: string): void
  receive(message: FromTab): void
  /** A tab with a newer version of the app has come. */
  outdated(): void
}

export class Tabs {
  readonly #host: TabsHost
  readonly #model: ModelId
  readonly #refusal: Failure | undefined
  readonly #call: BroadcastChannel
  readonly #channels = new Map<string, BroadcastChannel>()

  /** With a `refusal` no tab is served, and each is told so. */
  constructor(name: string, model: ModelId, refusal: Failure | undefined, host: TabsHost) {
    this.#host = host
    this.#model = model
    this.#refusal = refusal
    this.#call = new BroadcastChannel(name)
    this.#call.onmessage = ({ data }: MessageEvent<TabCall>) => {
      if (data.kind === 'attach') this.#attach(data)
    }
    this.#call.postMessage({ kind: 'leading' } satisfies TabCall)
  }

  #attach(attach: Attach): void {
    const { session } = attach
    if (this.#refusal === undefined && this.#isNewer(attach)) {
      // It leads once this leader has ended.
      this.#host.outdated()
      return
    }
    const channel = this.#channels.get(session) ?? this.#open(session)
    const post = (message: FromLeader): void => channel.postMessage(message)
    const failure = this.#refusal ?? this.#otherModel(attach)
    if (failure !== undefined) {
      post({ kind: 'not-served', failure })
      return
    }
    try {
      this.#host.attach(attach, post)
    } catch (thrown) {
      const why = failureOf(thrown)
      if (why === undefined) throw thrown
      post({ kind: 'not-served', failure: why })
    }
  }

  /** A tab is served by a leader of its own model alone. */
  #otherModel({ model: { version, schemaHash } }: Attach): Failure | undefined {
    const isSame = version === this.#model.version && schemaHash === this.#model.schemaHash
    return isSame ? undefined : { code: 'reload-required', message: '' }
  }

  /** Of two models with the same version, as while an app is developed, that of the page loaded last is newer. */
  #isNewer(attach: Attach): boolean {
    if (this.#otherModel(attach) === undefined) return false
    const { version } = attach.model
    return version === this.#model.version ? attach.resumed === undefined : version > this.#model.version
  }

  #open(session: string): BroadcastChannel {
    const channel = new BroadcastChannel(tabChannel(session))
    channel.onmessage = ({ data }: MessageEvent<FromTab>) => {
      if (data.kind === 'ping') channel.postMessage({ kind: 'pong' } satisfies FromLeader)
      else this.#host.receive(data)
    }
    this.#channels.set(session, channel)
    sessionEnds(session, new AbortController().signal).then(
      () => this.#close(session),
      (thrown: unknown) => console.error(`syncline: nobody tells when a tab ends. (${describe(thrown)})`),
    )
    return channel
  }

  #close(session: string): void {
    this.#channels.get(session)?.close()
    this.#channels.delete(session)
    this.#host.detach(session)
  }
}
