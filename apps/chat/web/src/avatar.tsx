// A person's picture: their emoji, or else their initials, on a colour of their own.

import type { ReactNode } from 'react'

interface AvatarProps {
  readonly subject: string
  readonly name: string
  readonly avatar: string | null
}

export function Avatar({ subject, name, avatar }: AvatarProps): ReactNode {
  return (
    <span className="avatar" style={{ '--hue': hash(subject) % 360 } as never} aria-hidden="true">
      {avatar ?? initialsOf(name)}
    </span>
  )
}

function initialsOf(name: string): string {
  const words = name.split(/\s+/).filter((word) => word !== '')
  const letters = [words[0], words.length > 1 ? words.at(-1) : undefined].map(
    (word) => [...(word ?? '')][0] ?? '',
  )
  return letters.join('').toLocaleUpperCase()
}

/** FNV-1a. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (const character of text) value = Math.imul(value ^ (character.codePointAt(0) ?? 0), 0x01000193)
  return value >>> 0
}
