// Why a commit was rejected, in words for whoever made it.

interface Rejection {
  readonly code: string
  readonly message: string
}

/** What a constraint's columns mean to people. */
const TAKEN: Readonly<Record<string, string>> = {
  'channels.name': 'There is a channel with this name already.',
  'people.name': 'Somebody else has this name already.',
  'reactions.message': 'You have reacted so already.',
}

/** The rules speak to people; constraints speak of columns, or bear their message as their name. */
export function reasonOf({ code, message }: Rejection): string {
  const detail = message.slice(message.indexOf(': ') + 2)
  if (code === 'constraint-unique') {
    const column = Object.keys(TAKEN).find((name) => detail.includes(name))
    return column === undefined ? 'That is there already.' : (TAKEN[column] ?? message)
  }
  if (code === 'constraint-check') return `Not possible: ${detail}.`
  if (code === 'constraint-foreign-key') return 'What this is about is no longer there.'
  return message
}
