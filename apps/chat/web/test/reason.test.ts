// Why a commit was rejected, in words.

import { expect, test } from 'vitest'
import { reasonOf } from '../src/reason'

test.each([
  ['not-a-member', 'Only members of the channel can do that.', 'Only members of the channel can do that.'],
  [
    'constraint-unique',
    'UNIQUE constraint failed: channels.name',
    'There is a channel with this name already.',
  ],
  ['constraint-unique', 'UNIQUE constraint failed: people.name', 'Somebody else has this name already.'],
  [
    'constraint-unique',
    'UNIQUE constraint failed: reactions.message, reactions.emoji, reactions.person',
    'You have reacted so already.',
  ],
  ['constraint-unique', 'UNIQUE constraint failed: messages.id', 'That is there already.'],
  [
    'constraint-check',
    'CHECK constraint failed: a message has 1 to 4000 characters',
    'Not possible: a message has 1 to 4000 characters.',
  ],
  ['constraint-foreign-key', 'FOREIGN KEY constraint failed', 'What this is about is no longer there.'],
])('%s: %s', (code, message, reason) => expect(reasonOf({ code, message })).toBe(reason))
