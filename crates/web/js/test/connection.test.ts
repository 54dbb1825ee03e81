// The WebSocket: reconnecting, and half-open sockets.

import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Backoff } from '../src/backoff'
import { Connection, syncUrl } from '../src/connection'
import { FakeSocket } from './socket'

const sockets = FakeSocket.opened
const last = (): FakeSocket => sockets.at(-1) as FakeSocket
const listener = { opened: vi.fn(), received: vi.fn(), closed: vi.fn(), changed: vi.fn() }

function connect(): Connection {
  const backoff = new Backoff({ random: () => 1 })
  const connection = new Connection(
    'ws://x',
    backoff,
    listener,
    () => new FakeSocket() as unknown as WebSocket,
  )
  connection.start()
  return connection
}

beforeEach(() => {
  vi.useFakeTimers()
  vi.stubGlobal('WebSocket', { OPEN: 1 })
  sockets.length = 0
  vi.clearAllMocks()
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

test('it says hello when it is open, and hands on every frame but the pong', () => {
  const connection = connect()
  last().accept()
  expect(connection.state).toBe('open')
  expect(listener.opened).toHaveBeenCalledTimes(1)
  last().says('{"type":"welcome"}')
  last().says('pong')
  last().says(new ArrayBuffer(1))
  expect(listener.received.mock.calls).toEqual([['{"type":"welcome"}']])
})

test('it comes back after 250, 500, 1000 ms, each time with one socket', () => {
  connect()
  for (const [times, delay] of [250, 500, 1000].entries()) {
    last().drop()
    vi.advanceTimersByTime(delay - 1)
    expect(sockets.length).toBe(times + 1)
    vi.advanceTimersByTime(1)
    expect(sockets.length).toBe(times + 2)
  }
})

test('a connection that lasts begins the count of failures anew, one that does not goes on counting', () => {
  const connection = connect()
  last().drop()
  vi.advanceTimersByTime(250)
  last().accept()
  connection.succeeded()
  vi.advanceTimersByTime(1_000)
  last().drop()
  expect(connection.failures).toBe(2)
  vi.advanceTimersByTime(500)
  last().accept()
  connection.succeeded()
  vi.advanceTimersByTime(5_000)
  expect(connection.failures).toBe(0)
})

test('a ping goes out every 20 s, and a missing pong ends the socket after 10', () => {
  const connection = connect()
  last().accept()
  vi.advanceTimersByTime(20_000)
  expect(last().sent).toEqual(['ping'])
  last().says('pong')
  vi.advanceTimersByTime(20_000)
  expect(last().sent).toEqual(['ping', 'ping'])
  vi.advanceTimersByTime(9_999)
  expect(connection.state).toBe('open')
  vi.advanceTimersByTime(1)
  expect(connection.state).toBe('waiting')
  expect(last().closed).toBe(true)
  expect(listener.closed).toHaveBeenCalledTimes(1)
})

test('a socket that neither opens nor fails is given up after 10 s', () => {
  const connection = connect()
  vi.advanceTimersByTime(10_000)
  expect(connection.state).toBe('waiting')
  expect(last().closed).toBe(true)
})

test('what a socket says after it was given up is not heard', () => {
  connect()
  const old = last()
  old.accept()
  vi.advanceTimersByTime(30_000)
  old.says('{"type":"entries"}')
  expect(listener.received).not.toHaveBeenCalled()
})

test('the network’s return ends the waiting at once', () => {
  const connection = connect()
  last().accept()
  connection.network(false)
  expect(connection.state).toBe('waiting')
  expect(sockets.length).toBe(1)
  connection.network(true)
  expect(sockets.length).toBe(2)
  vi.advanceTimersByTime(30_000)
  // The attempt hangs, is given up, and made again: never two at once.
  expect(sockets.filter(({ closed }) => !closed).length).toBeLessThanOrEqual(1)
})

test('it waits as long as the server asks, even when the page wakes it', () => {
  const connection = connect()
  last().accept()
  connection.holdOff(7_000)
  last().drop()
  connection.wake()
  vi.advanceTimersByTime(6_999)
  expect(sockets.length).toBe(1)
  vi.advanceTimersByTime(1)
  expect(sockets.length).toBe(2)
})

test('a page that is shown again asks at once whether the socket still lives', () => {
  const connection = connect()
  last().accept()
  connection.wake()
  expect(last().sent).toEqual(['ping'])
})

test('one that is slow on purpose has every message later, in its order', () => {
  const connection = connect()
  const socket = last()
  socket.accept()
  const received = () => listener.received.mock.calls.flat()
  connection.delay(100)
  connection.send('one')
  socket.says('first')
  vi.advanceTimersByTime(50)
  // What was on its way stays before what comes after, also once nothing is delayed any more.
  connection.delay(0)
  connection.send('two')
  socket.says('second')
  expect([socket.sent, received()]).toEqual([[], []])
  vi.advanceTimersByTime(50)
  expect([socket.sent, received()]).toEqual([
    ['one', 'two'],
    ['first', 'second'],
  ])
  connection.send('three')
  expect(socket.sent).toEqual(['one', 'two', 'three'])
  // Of a socket that has ended nothing comes.
  connection.delay(100)
  socket.says('late')
  socket.drop()
  vi.advanceTimersByTime(100)
  expect(received()).toEqual(['first', 'second'])
})

test('one that is cut on purpose stays so until it is let, and then connects at once', () => {
  const connection = connect()
  last().accept()
  connection.cut(true)
  connection.wake()
  connection.network(true)
  vi.advanceTimersByTime(120_000)
  expect([connection.state, sockets.length]).toEqual(['waiting', 1])
  connection.cut(false)
  expect([connection.state, sockets.length]).toEqual(['connecting', 2])
})

test('once stopped it stays so until it is started', () => {
  const connection = connect()
  last().accept()
  connection.stop()
  expect(listener.closed).toHaveBeenCalledTimes(1)
  connection.wake()
  vi.advanceTimersByTime(120_000)
  expect(sockets.length).toBe(1)
  connection.start()
  expect(sockets.length).toBe(2)
})

test('an address that no WebSocket takes is a failure like others, not an exception', () => {
  const refuse = (): never => {
    throw new SyntaxError('no')
  }
  const connection = new Connection('x:', new Backoff({ random: () => 1 }), listener, refuse)
  connection.start()
  expect(connection.state).toBe('waiting')
  expect(connection.failures).toBe(1)
})

test.each([
  ['http://localhost:8787', 'ws://localhost:8787/stores/team-1/sync'],
  ['https://sync.example.org/', 'wss://sync.example.org/stores/team-1/sync'],
  ['https://example.org/api/', 'wss://example.org/api/stores/team-1/sync'],
])('%s is the server of %s', (url, expected) => expect(syncUrl(url, 'team-1')).toBe(expected))
