import { execSync } from 'node:child_process'
import { test } from 'vitest'
import { WebSocket } from 'ws'
import { once } from 'node:events'
import { openChat, posted, type Event } from '../src/client.ts'
import { Server } from '../src/server.ts'
test('profile', async () => {
  const server = await Server.start({ archive: false })
  const line = execSync(`ps -o args= -p ${server.processGroup}`).toString()
  const port = /--inspector-port (\d+)/.exec(line)![1]
  const list = await (await fetch(`http://127.0.0.1:${port}/json`)).json()
  const ws = new WebSocket(list[0].webSocketDebuggerUrl)
  await once(ws, 'open')
  let id = 0; const pending = new Map<number, (v: any) => void>()
  ws.on('message', (d) => { const m = JSON.parse(String(d)); if (m.id) pending.get(m.id)?.(m.result ?? m.error) })
  const call = (method: string, params = {}) => new Promise<any>((r) => { pending.set(++id, r); ws.send(JSON.stringify({ id, method, params })) })
  const client = await openChat(server, crypto.randomUUID())
  const events = (round: string): Event[] => Array.from({ length: 100 }, (_, n) => posted(`${round}-${n}`, `message ${n} of ${round}, as long as people write`))
  const push = async (r: string) => { process.env.ONE ? await client.decideAll(client.commit(...events(r))) : await client.decideAll(...events(r).map((e) => client.commit(e))); client.forget() }
  for (let i = 0; i < 60; i++) await push('w' + i)
  console.log(await call('Profiler.enable')); await call('Profiler.setSamplingInterval', { interval: 100 }); await call('Profiler.start')
  for (let i = 0; i < 200; i++) await push('p' + i)
  const { profile } = await call('Profiler.stop')
  const self = new Map<string, number>(); const byId = new Map<number, any>(profile.nodes.map((n: any) => [n.id, n]))
  profile.samples.forEach((s: number, i: number) => { const n = byId.get(s); const k = `${n.callFrame.functionName || n.callFrame.url.slice(-30) + ":" + n.callFrame.lineNumber + ":" + n.callFrame.columnNumber}`; self.set(k, (self.get(k) ?? 0) + profile.timeDeltas[i] / 1000) })
  let out = ''
  for (const [k, v] of [...self].sort((a, b) => b[1] - a[1]).slice(0, 70)) out += `${(v / 200).toFixed(3)} ms  ${k}\n`
  console.log(out)
  await server.stop()
}, 120000)
