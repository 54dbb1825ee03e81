// The page's development server and its bundle.

import react from '@vitejs/plugin-react'
import { syncline } from 'syncline/vite'
import { defineConfig } from 'vite'

export default defineConfig({
  plugins: [react(), syncline()],
  server: { port: 3001, strictPort: true, fs: { allow: ['../../..'] } },
  preview: { port: 3001, strictPort: true },
})
