// LiveStore's leader. Where it syncs is in the payload, beside the token: a real app has one address.

import { makeWorker } from '@livestore/adapter-web/worker'
import { makeWsSync } from '@livestore/sync-cf/client'

import { schema } from './schema.ts'

const server = new URL(self.location.href).searchParams.get('server') ?? 'ws://localhost:8787'

makeWorker({ schema, sync: { backend: makeWsSync({ url: server }) } })
