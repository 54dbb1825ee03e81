// What the page asks its tables.

import { sql } from 'kysely'
import type { QueryBuilder } from 'syncline'
import type { ChannelKind, Database } from './model'

type Db = QueryBuilder<Database>

export const person = (subject: string) => (db: Db) =>
  db.selectFrom('people').selectAll().where('id', '=', subject)

export const peopleOf = (subjects: readonly string[]) => (db: Db) =>
  db.selectFrom('people').select(['id', 'name', 'avatar']).where('id', 'in', subjects).orderBy('name')

/** Everybody of the team, by name. */
export const people = (db: Db) =>
  db.selectFrom('people').select(['id', 'name', 'avatar', 'role']).orderBy('name')

export const workspace = (db: Db) => db.selectFrom('workspace').select(['name', 'invite_only'])

export const invites = (db: Db) =>
  db.selectFrom('invites').select(['code', 'expires_at', 'uses_left']).orderBy('code')

export const named = (name: string) => (db: Db) =>
  db.selectFrom('people').select('id').where('name', '=', name)

/** The channels that are this person's to see, with how many are in each, and whether this person is. */
export const channels = (subject: string) => (db: Db) =>
  db
    .selectFrom('channels')
    .leftJoin('members', 'members.channel', 'channels.id')
    .select(['channels.id', 'channels.name', 'channels.topic', 'channels.category', 'channels.created_by'])
    .select((eb) => [
      eb.fn.count<number>('members.person').as('members'),
      sql<ChannelKind>`${eb.ref('channels.kind')}`.as('kind'),
      sql<0 | 1>`ifnull(max(${eb.ref('members.person')} = ${subject}), 0)`.as('joined'),
    ])
    .groupBy('channels.id')
    .having(sql<boolean>`channels.kind <> 'private' OR joined`)
    .orderBy('channels.category')
    .orderBy('channels.name')

export const members = (channel: string) => (db: Db) =>
  db
    .selectFrom('members')
    .innerJoin('people', 'people.id', 'members.person')
    .select(['people.id', 'people.name', 'people.avatar'])
    .where('members.channel', '=', channel)
    .orderBy('people.name')

/** What others have said since; at most 100. */
export const unread = (channel: string, subject: string, since: number) => (db: Db) =>
  db
    .selectFrom('messages')
    .select('id')
    .where('channel', '=', channel)
    .where('posted_at', '>', since)
    .where('author', '<>', subject)
    .where('deleted', '=', 0)
    .limit(100)

const inChannels = (db: Db) =>
  db
    .selectFrom('messages')
    .innerJoin('people', 'people.id', 'messages.author')
    .innerJoin('channels', 'channels.id', 'messages.channel')
    .select(['messages.id', 'messages.channel', 'messages.text', 'messages.posted_at'])
    .select(['people.name', 'channels.name as channel_name'])
    .orderBy('messages.posted_at', 'desc')

export const pinned = (channel: string) => (db: Db) =>
  inChannels(db).where('messages.channel', '=', channel).where('messages.pinned', '=', 1)

/** The newest messages that this person sees, and that hold the text, whatever its case. */
export const found = (text: string, subject: string, most: number) => (db: Db) =>
  inChannels(db)
    .where(sql<boolean>`messages.text LIKE ${`%${text.replace(/[\\%_]/g, '\\$&')}%`} ESCAPE '\\'`)
    .where(
      sql<boolean>`(channels.kind <> 'private' OR EXISTS (
        SELECT 1 FROM members WHERE members.channel = channels.id AND members.person = ${subject}
      ))`,
    )
    .limit(most)

export type FoundMessage = Awaited<ReturnType<ReturnType<typeof inChannels>['execute']>>[number]

/** How many messages of its channel are as new as this one, or newer: so many are to be shown to see it. */
export const newerThan = (message: string) => (db: Db) =>
  db
    .selectFrom('messages as it')
    .innerJoin('messages', 'messages.channel', 'it.channel')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('it.id', '=', message)
    .whereRef('messages.posted_at', '>=', 'it.posted_at')

/** The newest messages of a channel, the newest first. */
export const messages = (channel: string, most: number) => (db: Db) =>
  db
    .selectFrom('messages')
    .innerJoin('people', 'people.id', 'messages.author')
    .leftJoin('messages as answered', 'answered.id', 'messages.reply_to')
    .leftJoin('people as asker', 'asker.id', 'answered.author')
    .select([
      'messages.id',
      'messages.channel',
      'messages.author',
      'messages.text',
      'messages.posted_at',
      'messages.reply_to',
      'messages.edited',
      'messages.deleted',
      'messages.pinned',
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
