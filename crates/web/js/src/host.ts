// The leader in its worker: what the page says goes in, what the leader wants goes out.

import { Backoff } from './backoff'
import { BlockStore } from './block-store'
import { Connection, logUrl } from './connection'
import type { Code, Failure } from './failure'
import { describe, failureOf } from './failure'
import { HandOvers } from './hand-over'
import { History } from './history'
import { Kept } from './kept'
import { locksExist } from './lock'
import { patiently } from './patience'
import type { FromLeader, LeaderReport, Resumed, ToLeader, Told } from './port'
import { FINAL, NEEDS_AUTH } from './refusal'
import { callChannel, Tabs } from './tabs'
import type {
  Init,
  LeaderConfig,
  LeaderStatus,
  LostCommit,
  PresenceOf,
  StorageKind,
  SynclineWasm,
  WasmLeader,
} from './wasm'

type Open = Extract<ToLeader, { kind: 'open' }>
type Reset = Extract<ToLeader, { kind: 'reset' }>
type Later = Exclude<ToLeader, { kind: 'open' | 'reset' | 'ping' }>
type Post = (message: FromLeader, transfer?: Transferable[]) => void

export class LeaderHost {
  readonly #init: Init
  readonly #wasm: Pick<SynclineWasm, 'Leader'>
  readonly #post: Post
  /** Whom it serves, and how each is told: the page that has started it, and other tabs. */
  readonly #sessions = new Map<string, Post>()
  #leader: WasmLeader | undefined
  /** Where the leader does not keep its files by itself. */
  #kept: Kept | undefined
  #connection: Connection | undefined
  #handOvers: HandOvers | undefined
  #history: History | undefined
  #hasStarted = false
  #token: string | undefined
  #hindrance: Failure | undefined
  /** The last error of the server, until a connection has lasted. */
  #refusal: Pick<LeaderStatus, 'needs' | 'message'> = {}
  #reported: LeaderReport | undefined
  #lost: readonly LostCommit[] = []
  #held: ReturnType<typeof setTimeout> | undefined
  #unheard: ReturnType<typeof setTimeout> | undefined
  #backlog: Later[] = []
  #failed = false

  constructor(init: Init, wasm: Pick<SynclineWasm, 'Leader'>, post: Post) {
    this.#init = init
    this.#wasm = wasm
    this.#post = post
  }

  receive(message: ToLeader): void {
    if (message.kind === 'ping') this.#post({ kind: 'pong' })
    else if (message.kind === 'open') this.#alive(() => this.#open(message))
    else if (message.kind === 'reset') this.#alive(() => this.#reset(message))
    else if (this.#connection === undefined) this.#backlog.push(message)
    else this.#alive(() => this.#serve(message))
  }

  #serve(message: Later): void {
    switch (message.kind) {
      case 'hand-over':
        this.#handOvers?.take([message.message])
        this.#pump()
        break
      case 'journaled':
        this.#handOvers?.takeJournaled(message.commits)
        this.#pump()
        break
      case 'auth':
        this.#signIn(message.token)
        break
      case 'connect':
        this.#connection?.start()
        break
      case 'network':
        this.#connection?.network(message.online)
        break
      case 'wake':
        this.#connection?.wake()
        break
      case 'cut':
        this.#connection?.cut(message.isCut)
        break
      case 'delay':
        this.#connection?.delay(message.ms)
        break
      case 'presence':
        this.#setPresence(message.session, message.value)
        break
      case 'ask':
        this.#alive(() => this.#answer(message))
        break
      case 'dismiss-lost':
        this.#with((leader) => leader.dismiss_lost(message.upto))
        break
    }
  }

  async #open(message: Open): Promise<void> {
    await this.#init({ module_or_path: message.module })
    const leader = await this.#openLeader(message.config)
    this.#leader = leader
    this.#token = message.token
    this.#handOvers = new HandOvers(leader, {
      kept: (keys) =>
        this.#afterKept(() => this.#post({ kind: 'journaled-kept', keys, storage: storageOf(leader) })),
      refused: (key, failure) => this.#post({ kind: 'journaled-refused', key, failure }),
      drained: () =>
        this.#alive(() => {
          this.#startOnDisk()
          this.#pump()
        }),
      broken: (thrown) => this.#fail(thrown),
    })
    this.#handOvers.takeJournaled(message.journaled)
    this.#serveSession(leader, message.session, message.resumed, this.#post)
    this.#history = new History(leader, logUrl(message.url), () => this.#token)
    this.#connection = this.#connect(message.url)
    if (!message.online) this.#connection.network(false)
    this.#startOnDisk()
    this.#pump()
    for (const later of this.#backlog.splice(0)) this.#serve(later)
    this.#serveTabs(leader, message)
  }

  async #openLeader(config: LeaderConfig): Promise<WasmLeader> {
    const leader = await patiently(() => this.#wasm.Leader.open(JSON.stringify(config)))
    if (storageOf(leader) !== 'memory') return leader
    const kept = await this.#openKept(config)
    if (kept === undefined) return leader
    leader.free()
    return kept
  }

  /** Where there is no OPFS, IndexedDB may do. Without locks, several tabs would have it at the same time. */
  async #openKept(config: LeaderConfig): Promise<WasmLeader | undefined> {
    if (globalThis.indexedDB === undefined || !locksExist()) return undefined
    try {
      const store = await BlockStore.open(blocksOf(config), config.durability)
      const leader = this.#wasm.Leader.open_kept(JSON.stringify(config), store.blocks)
      store.blocks = []
      await store.write(leader.take_changed() ?? [])
      this.#kept = new Kept(
        (changed) => store.write(changed),
        () => leader.take_changed(),
        { changed: () => this.#alive(() => this.#report()), broken: (thrown) => this.#fail(thrown) },
      )
      return leader
    } catch (thrown) {
      console.warn(`syncline: nothing can be kept in IndexedDB, either. (${describe(thrown)})`)
      return undefined
    }
  }

  /** What is said rests on what was written until now. */
  #afterKept(say: () => void): void {
    if (this.#kept === undefined) say()
    else this.#kept.after(() => this.#alive(say))
  }

  /** In memory, each session numbers its commits for the server by itself: there is room for one alone. */
  #serveTabs(leader: WasmLeader, { config: { storeId, subject }, model }: Open): void {
    if (globalThis.BroadcastChannel === undefined) return
    const refusal: Failure | undefined =
      storageOf(leader) !== 'memory' ? undefined : { code: 'another-tab', message: '' }
    new Tabs(callChannel(storeId, subject), model, refusal, {
      attach: ({ session, resumed }, post) => {
        this.#serveSession(leader, session, resumed, post)
        this.#alive(() => this.#pump())
        if (this.#reported !== undefined) post({ kind: 'status', report: this.#reported })
        if (this.#lost.length > 0) this.#afterKept(() => post({ kind: 'lost', lost: this.#lost }))
        this.#post({ kind: 'serves', session })
      },
      detach: (session) => {
        this.#sessions.delete(session)
        this.#alive(() => leader.session_ended(session))
      },
      receive: (later) => this.receive(later),
      outdated: () => this.#post({ kind: 'outdated' }),
    })
  }

  #serveSession(leader: WasmLeader, session: string, resumed: Resumed | undefined, post: Post): void {
    if (resumed?.again !== undefined) this.#handOvers?.take([resumed.again])
    const opened =
      resumed === undefined ? leader.opened(session) : leader.resumed(session, resumed.cursor, resumed.epoch)
    const state = resumed === undefined ? leader.state() : undefined
    const own = state === undefined ? undefined : new Uint8Array(state)
    this.#sessions.set(session, post)
    // A page that goes on has to know its counters before it hears that it is served again; one that begins
    // has what the state does not have yet before it shows anything.
    const told = toldTo(leader, session)
    if (resumed !== undefined) this.#tell(post, told)
    const [storage, storageReason] = [storageOf(leader), leader.storage_reason()]
    const present: PresenceOf[] = JSON.parse(leader.present())
    this.#afterKept(() => {
      post(
        {
          kind: 'opened',
          opened,
          state: own,
          told: resumed === undefined ? told : undefined,
          storage,
          storageReason,
        },
        own === undefined ? [] : [own.buffer],
      )
      post({ kind: 'presence', all: true, values: present })
    })
  }

  #tell(post: Post, told: readonly Told[]): void {
    if (told.length === 0) return
    const states = told.flatMap((one) => (typeof one === 'string' ? [] : [one.state.buffer]))
    this.#afterKept(() => post({ kind: 'messages', told }, states))
  }

  /**
   * What former pages have journaled may be in the log already: it gets its counters before the server names
   * later ones. A database in memory ends with the page: only what is in its journal under the identity that
   * it has in the log can be sent again after that without being logged twice. So there the page says when.
   */
  #startOnDisk(): void {
    const [leader, connection] = [this.#leader, this.#connection]
    if (this.#hasStarted || leader === undefined || connection === undefined) return
    if (storageOf(leader) === 'memory' || this.#handOvers?.hasJournaled === true) return
    this.#hasStarted = true
    connection.start()
  }

  #connect(url: string): Connection {
    return new Connection(url, new Backoff(), {
      opened: () => this.#alive(() => this.#with((leader) => leader.connected(this.#token))),
      received: (text) => this.#alive(() => this.#received(text)),
      closed: () => this.#alive(() => this.#with((leader) => leader.disconnected())),
      changed: () => this.#alive(() => this.#report()),
    })
  }

  async #reset({ module, storeId, subject }: Reset): Promise<void> {
    await this.#init({ module_or_path: module })
    await patiently(() => this.#wasm.Leader.reset(storeId, subject))
    await BlockStore.remove(blocksOf({ storeId, subject }))
    this.#post({ kind: 'reset-done' })
  }

  async #answer({ session, id, question }: Extract<Later, { kind: 'ask' }>): Promise<void> {
    const answer = await this.#history?.answer(question)
    if (answer === undefined) return
    const transfer = answer.kind === 'state' ? [answer.state.buffer] : []
    this.#sessions.get(session)?.({ kind: 'answer', id, answer }, transfer)
  }

  #setPresence(session: string, value: string | undefined): void {
    try {
      this.#leader?.set_presence(session, value)
    } catch (thrown) {
      // The page has looked at its size; and of more than eight tabs, the last are not seen.
      if (failureOf(thrown) === undefined) throw thrown
    }
    this.#pump()
  }

  #signIn(token: string | undefined): void {
    this.#token = token
    const needs = this.#connection?.state === 'stopped' ? this.#refusal.needs : this.#status()?.needs
    if (needs == null || !NEEDS_AUTH.has(needs)) return
    if (this.#connection?.state === 'stopped') {
      this.#refusal = {}
      this.#connection.start()
    } else if (token !== undefined) {
      this.#alive(() => this.#with((leader) => leader.sign_in(token)))
    }
  }

  #received(text: string): void {
    const retryAfterMs = retryAfterOf(text)
    try {
      this.#leader?.received(text)
      this.#hindrance = undefined
      const again = this.#leader?.presence_retry()
      if (again !== undefined) this.#presentAgain(again)
      else if (retryAfterMs !== undefined && this.#status()?.heldFor === undefined)
        this.#connection?.holdOff(retryAfterMs)
    } catch (thrown) {
      this.#hindered(thrown)
    }
    this.#pump()
    this.#advance()
  }

  /** The sessions have been told what there is: a page need not wait for the leader's own copy of the state. */
  #advance(): void {
    try {
      if (this.#leader?.advance() !== true) return
    } catch (thrown) {
      this.#hindered(thrown)
    }
    this.#pump()
  }

  #hindered(thrown: unknown): void {
    const failure = failureOf(thrown)
    if (failure === undefined) throw thrown
    this.#hindrance = failure
    this.#connection?.fail()
  }

  /** A value came too soon after others: the last one has to arrive. */
  #presentAgain(ms: number): void {
    this.#unheard ??= setTimeout(() => {
      this.#unheard = undefined
      this.#alive(() => this.#with((leader) => leader.presence_again()))
    }, ms)
  }

  #with(act: (leader: WasmLeader) => void): void {
    if (this.#leader !== undefined) act(this.#leader)
    this.#pump()
  }

  /** Carries out what the leader wants after anything happened to it. */
  #pump(): void {
    const [leader, connection] = [this.#leader, this.#connection]
    if (leader === undefined || connection === undefined) return
    const send = connection.sender()
    for (let text = leader.poll_server(); text !== undefined; text = leader.poll_server()) {
      const frame = text
      this.#afterKept(() => send(frame))
    }
    for (const [session, post] of this.#sessions) {
      this.#tell(post, toldTo(leader, session))
    }
    this.#tellPresence(leader)
    this.#report()
    // And what nobody is told of.
    this.#kept?.after(() => {})
  }

  #tellPresence(leader: WasmLeader): void {
    const values: PresenceOf[] = []
    for (let text = leader.poll_presence(); text !== undefined; text = leader.poll_presence())
      values.push(JSON.parse(text))
    if (values.length > 0) this.#afterKept(() => this.#tellAll({ kind: 'presence', all: false, values }))
  }

  #tellAll(message: FromLeader): void {
    for (const post of this.#sessions.values()) post(message)
  }

  #status(): LeaderStatus | undefined {
    return this.#leader === undefined ? undefined : (JSON.parse(this.#leader.status()) as LeaderStatus)
  }

  /** Commits that the server would not take are offered again once it may. */
  #hold(ms: number): void {
    this.#held ??= setTimeout(() => {
      this.#held = undefined
      this.#alive(() => this.#with((leader) => leader.push_again()))
    }, ms)
  }

  #tellLost(count: number): void {
    if (count === this.#lost.length || this.#leader === undefined) return
    this.#lost = JSON.parse(this.#leader.lost()) as LostCommit[]
    this.#afterKept(() => this.#tellAll({ kind: 'lost', lost: this.#lost }))
  }

  #report(): void {
    const connection = this.#connection
    const status = this.#status()
    if (status === undefined || connection === undefined) return
    this.#tellLost(status.lost)
    if (status.heldFor != null) this.#hold(status.heldFor)
    else if (status.needs != null && connection.state === 'open') {
      this.#refusal = refusalOf(status)
      this.#refused(connection, status.needs)
      return
    }
    if (status.live) {
      connection.succeeded()
      if (connection.failures === 0 || this.#isRenamed()) this.#refusal = {}
    }
    const hindrance = this.#kept?.failure ?? this.#handOvers?.failure ?? this.#hindrance
    const report: LeaderReport = {
      live: status.live,
      pending: status.pending,
      head: status.head,
      cursor: status.cursor,
      lost: status.lost,
      ...(status.notice == null ? {} : { notice: status.notice }),
      ...(status.heldFor == null ? this.#refusal : refusalOf(status)),
      socket: connection.state,
      failures: connection.failures,
      ...(hindrance === undefined ? {} : { hindrance }),
    }
    if (JSON.stringify(report) === JSON.stringify(this.#reported)) return
    this.#reported = report
    this.#tellAll({ kind: 'status', report })
  }

  /** A copy that was refused has taken another id, and is live under it. In memory none does. */
  #isRenamed(): boolean {
    return this.#refusal.needs === 'commit-mismatch' && this.#leader?.storage() !== 'memory'
  }

  /** The server has said why it does not go on. Both calls below report again. */
  #refused(connection: Connection, code: Code): void {
    if (NEEDS_AUTH.has(code) || FINAL.has(code)) connection.stop()
    else connection.fail()
  }

  /** Whatever is thrown in here on no purpose (a trap) has broken the wasm for good. */
  #alive(act: () => void | Promise<void>): void {
    if (this.#failed) return
    try {
      act()?.catch((thrown: unknown) => this.#fail(thrown))
    } catch (thrown) {
      this.#fail(thrown)
    }
  }

  #fail(thrown: unknown): void {
    if (this.#failed) return
    this.#failed = true
    this.#post({
      kind: 'failed',
      failure: failureOf(thrown) ?? { code: 'leader-failed', message: describe(thrown) },
    })
  }
}

function refusalOf({ needs, message }: LeaderStatus): Pick<LeaderStatus, 'needs' | 'message'> {
  return { ...(needs == null ? {} : { needs }), ...(message == null ? {} : { message }) }
}

function toldTo(leader: WasmLeader, session: string): Told[] {
  const told: Told[] = []
  for (let text = leader.poll_session(session); text !== undefined; text = leader.poll_session(session)) {
    if (!text.startsWith('{"state":')) told.push(text)
    else {
      const state = leader.state_due(text)
      if (state !== undefined) told.push({ message: text, state: new Uint8Array(state) })
    }
  }
  return told
}

const storageOf = (leader: WasmLeader): StorageKind => leader.storage() as StorageKind

/** Of the database with a client's blocks. */
const blocksOf = ({ storeId, subject }: Pick<LeaderConfig, 'storeId' | 'subject'>): string =>
  `syncline:${storeId}:${encodeURIComponent(subject)}`

/** The wait that an `error` frame asks for. Other frames are not parsed: they may be large. */
function retryAfterOf(text: string): number | undefined {
  if (text.length > 10_000 || !text.includes('"retryAfterMs"')) return undefined
  try {
    const frame = JSON.parse(text) as { type?: unknown; retryAfterMs?: unknown }
    return frame.type === 'error' && typeof frame.retryAfterMs === 'number' ? frame.retryAfterMs : undefined
  } catch {
    return undefined
  }
}
