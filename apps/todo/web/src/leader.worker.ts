// The dedicated worker: the local database and the WebSocket live here.

import { serveLeader } from 'syncline/worker'
import init, * as wasm from '../../wasm/pkg/todo.js'

serveLeader(init, wasm)
