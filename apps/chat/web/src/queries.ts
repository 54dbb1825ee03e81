// What the page asks its tables.

import { sql } from 'kysely'
import type { QueryBuilder } from 'syncline'
import type { Database } from './model'

type Db = QueryBuilder<Database>

export const person = (subject: string) => (db: Db) =>
  db.selectFrom('people').selectAll().where('id', '=', subject)

export const peopleOf = (subjects: readonly string[]) => (db: Db) =>
  db.selectFrom('people').select(['id', 'name', 'avatar']).where('id', 'in', subjects).orderBy('name')

export const named = (name: string) => (db: Db) =>
  db.selectFrom('people').select('id').where('name', '=', name)

/** All channels, with how many are in each, and whether this person is. */
export const channels = (subject: string) => (db: Db) =>
  db
    .selectFrom('channels')
    .leftJoin('members', 'members.channel', 'channels.id')
    .select(['channels.id', 'channels.name', 'channels.topic'])
    .select((eb) => [
      eb.fn.count<number>('members.person').as('members'),
      sql<0 | 1>`ifnull(max(${eb.ref('members.person')} = ${subject}), 0)`.as('joined'),
    ])
    .groupBy('channels.id')
    .orderBy('channels.name')

export const members = (channel: string) => (db: Db) =>
  db
    .selectFrom('members')
    .innerJoin('people', 'people.id', 'members.person')
    .select(['people.id', 'people.name', 'people.avatar'])
    .where('members.channel', '=', channel)
    .orderBy('people.name')

/** The newest messages of a channel, the newest first. */
export const messages = (channel: string, most: number) => (db: Db) =>
  db
    .selectFrom('messages')
    .innerJoin('people', 'people.id', 'messages.author')
    .leftJoin('messages as answered', 'answered.id', 'messages.reply_to')
    .leftJoin('people as asker', 'asker.id', 'answered.author')
    .select([
      'messages.id',
      'messages.author',
      'messages.text',
      'messages.posted_at',
      'messages.reply_to',
      'messages.edited',
      'messages.deleted',
      'people.name',
      'people.avatar',
      'answered.text as answered_text',
      'asker.name as answered_name',
    ])
    .where('messages.channel', '=', channel)
    .orderBy('messages.posted_at', 'desc')
    .orderBy('messages.id', 'desc')
    .limit(most)

export type Message = Awaited<ReturnType<ReturnType<ReturnType<typeof messages>>['execute']>>[number]

/** One person's reaction a row. */
export const reactions = (channel: string) => (db: Db) =>
  db
    .selectFrom('reactions')
    .innerJoin('messages', 'messages.id', 'reactions.message')
    .innerJoin('people', 'people.id', 'reactions.person')
    .select(['reactions.message', 'reactions.emoji', 'reactions.person', 'people.name'])
    .where('messages.channel', '=', channel)
    .where('messages.deleted', '=', 0)
    .orderBy('reactions.message')
    .orderBy('reactions.emoji')
    .orderBy('people.name')

export type Reaction = Awaited<ReturnType<ReturnType<ReturnType<typeof reactions>>['execute']>>[number]
