// What `vite` may be given from outside.

interface ImportMetaEnv {
  readonly VITE_SYNC_URL?: string
  readonly VITE_AUTH_TOKEN?: string
}
