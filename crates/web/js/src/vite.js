// @ts-check
// For Vite: what the page and its worker need, and the wasm asked for as soon as the page is there. JavaScript, as
// Vite's configuration may be read by a Node that takes no types.

/**
 * @typedef {import('vite').Rollup.OutputChunk} Chunk
 * @typedef {import('vite').Rollup.OutputBundle} Bundle
 */

/** @returns {import('vite').Plugin} */
export function syncline() {
  let base = '/'
  return {
    name: 'syncline',
    config: () => ({
      // The worker imports the wasm's glue, as the page does.
      worker: { format: 'es' },
      build: { target: 'es2023' },
    }),
    configResolved(config) {
      base = config.base
    },
    transformIndexHtml: {
      order: 'post',
      handler(_, { path, bundle, chunk }) {
        if (bundle === undefined || chunk === undefined) return undefined
        const from = base === '' || base === './' ? '../'.repeat(path.split('/').length - 2) || './' : base
        return wasmOf(chunk, bundle).map((file) => ({
          tag: 'link',
          // As `fetch` asks for it: otherwise it would be fetched twice.
          attrs: {
            rel: 'preload',
            href: from + file,
            as: 'fetch',
            type: 'application/wasm',
            crossorigin: true,
          },
          injectTo: 'head',
        }))
      },
    },
  }
}

/**
 * The wasm files that a page's script and all that it imports at once ask for.
 * @param {Chunk} entry
 * @param {Bundle} bundle
 */
function wasmOf(entry, bundle) {
  const [files, seen] = [new Set(), new Set()]
  const waiting = [entry]
  for (let chunk = waiting.pop(); chunk !== undefined; chunk = waiting.pop()) {
    seen.add(chunk.fileName)
    for (const file of chunk.viteMetadata?.importedAssets ?? []) if (file.endsWith('.wasm')) files.add(file)
    for (const name of chunk.imports) {
      const next = bundle[name]
      if (next?.type === 'chunk' && !seen.has(name)) waiting.push(next)
    }
  }
  return [...files].sort()
}
