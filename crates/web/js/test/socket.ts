// A WebSocket for tests: the other side is the test.

export class FakeSocket {
  static readonly opened: FakeSocket[] = []
  onopen: (() => void) | null = null
  onmessage: ((event: { data: unknown }) => void) | null = null
  onclose: (() => void) | null = null
  onerror: (() => void) | null = null
  readyState = 0
  readonly sent: string[] = []
  closed = false

  constructor() {
    FakeSocket.opened.push(this)
  }

  accept(): void {
    this.readyState = 1
    this.onopen?.()
  }

  says(data: unknown): void {
    this.onmessage?.({ data })
  }

  drop(): void {
    this.readyState = 3
    this.onclose?.()
  }

  send(text: string): void {
    this.sent.push(text)
  }

  close(): void {
    this.closed = true
    this.readyState = 3
  }
}
