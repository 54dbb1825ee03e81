// Addresses in a text, as links.

import type { ReactNode } from 'react'

const ADDRESS = /(https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]])/g

export function linked(text: string): ReactNode {
  // Splitting by a pattern with one group puts the matches at the odd places.
  return text.split(ADDRESS).map((part, place) =>
    place % 2 === 0 ? (
      part
    ) : (
      // biome-ignore lint/suspicious/noArrayIndexKey: parts of one text have no other identity
      <a key={place} href={part} target="_blank" rel="noreferrer">
        {part}
      </a>
    ),
  )
}
