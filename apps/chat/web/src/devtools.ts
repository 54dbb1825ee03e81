// The devtools: in development, and wherever the page's address asks for them. Nobody else downloads them.

import { useEffect } from 'react'
import { useStore } from 'syncline/react'

const areWanted = import.meta.env.DEV || new URLSearchParams(location.search).has('devtools')

export function useDevtools(): void {
  const store = useStore()
  useEffect(() => {
    if (!areWanted) return
    let [isLeft, unmount] = [false, () => {}]
    import('syncline/devtools').then(({ mountDevtools }) => {
      if (!isLeft) unmount = mountDevtools(store)
    }, console.error)
    return () => {
      isLeft = true
      unmount()
    }
  }, [store])
}
