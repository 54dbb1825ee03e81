// Undo and redo: two buttons, and the keys that everybody knows.

import type { ReactNode } from 'react'
import { useEffect } from 'react'
import { useUndo } from 'syncline/react'
import { Icon } from './icons'

export function Undo(): ReactNode {
  const { canUndo, canRedo, undo, redo } = useUndo()
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== 'z' || isWriting(event.target))
        return
      event.preventDefault()
      if (event.shiftKey) redo()
      else undo()
    }
    window.addEventListener('keydown', press)
    return () => window.removeEventListener('keydown', press)
  }, [undo, redo])
  return (
    <div className="undo">
      <button type="button" className="quiet" aria-label="Undo" disabled={!canUndo} onClick={undo}>
        <Icon name="undo" />
      </button>
      <button type="button" className="quiet" aria-label="Redo" disabled={!canRedo} onClick={redo}>
        <Icon name="redo" />
      </button>
    </div>
  )
}

/** A text field with something in it takes back what was written there. */
function isWriting(target: EventTarget | null): boolean {
  const isField = target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement
  return isField && target.value !== ''
}
