// Who is signed in, and to which store: from the URL, or else from the last time.

export interface Identity {
  /** Who commits are by. */
  readonly subject: string
  /** What others see. */
  readonly name: string
  readonly store: string
}

const KEY = 'chat:identity'
export const DEFAULT_STORE = 'team-1'

/** `?as=ann&store=team-1` comes before what is remembered. */
export function readIdentity(search: string, storage: Storage | undefined): Identity | undefined {
  const params = new URLSearchParams(search)
  const remembered = parse(storage?.getItem(KEY))
  const as = params.get('as')
  const store = params.get('store') ?? remembered?.store ?? DEFAULT_STORE
  if (as !== null && subjectOf(as) !== '') return { subject: subjectOf(as), name: as, store }
  return remembered === undefined ? undefined : { ...remembered, store }
}

export function remember(identity: Identity, storage: Storage | undefined): void {
  try {
    storage?.setItem(KEY, JSON.stringify(identity))
  } catch {
    // Full or forbidden: the next visit asks again.
  }
}

export function forget(storage: Storage | undefined): void {
  storage?.removeItem(KEY)
}

/** One person, however the name is typed: lower case, letters and digits, single hyphens. */
export function subjectOf(name: string): string {
  const slug = name
    .normalize('NFKC')
    .toLocaleLowerCase('en')
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-+|-+$/g, '')
  return [...slug].slice(0, 32).join('')
}

export function browserStorage(): Storage | undefined {
  try {
    return window.localStorage
  } catch {
    return undefined
  }
}

function parse(text: string | null | undefined): Identity | undefined {
  try {
    const { subject, name, store } = JSON.parse(text ?? '{}') as Partial<Identity>
    return subject && name && store ? { subject, name, store } : undefined
  } catch {
    return undefined
  }
}
