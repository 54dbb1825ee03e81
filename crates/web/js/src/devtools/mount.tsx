// Puts the devtools into a page, in a shadow tree of their own: no style of the app reaches them, or theirs it.

import { createRoot } from 'react-dom/client'
import { StoreContext } from '../react/provider'
import type { Store } from '../store'
import { Panel } from './panel'
import { STYLE } from './style'

/** Shows the devtools of a store at the edge of the page, until the returned function is called. */
export function mountDevtools(store: Store): () => void {
  const host = document.createElement('syncline-devtools')
  const shadow = host.attachShadow({ mode: 'open' })
  // A sheet that is made so is allowed behind every Content-Security-Policy.
  const sheet = new CSSStyleSheet()
  sheet.replaceSync(STYLE)
  shadow.adoptedStyleSheets = [sheet]
  document.body.append(host)
  const root = createRoot(shadow)
  root.render(
    <StoreContext value={store}>
      <Panel />
    </StoreContext>,
  )
  return () => {
    root.unmount()
    host.remove()
  }
}
