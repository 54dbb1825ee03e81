// The page's development server and its bundle.

import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

export default defineConfig({
  plugins: [react()],
  server: { port: 3001, strictPort: true, fs: { allow: ['../../..'] } },
  preview: { port: 3001, strictPort: true },
  worker: { format: 'es' },
  build: { target: 'es2023' },
})
