// The builder of queries writes what Kysely's own would.

import { DummyDriver, Kysely, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler, sql } from 'kysely'
import { expect, test } from 'vitest'
import type { Query } from '../src/query'
import { compile } from '../src/query'
import type { QueryBuilder } from '../src/query-builder'

interface Tables {
  people: { id: string; name: string; age: number; boss: string | null }
  members: { person: string; channel: string }
}

const kysely = new Kysely<Tables>({
  dialect: {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  },
})

type Db = Pick<QueryBuilder<Tables>, 'selectFrom' | 'selectNoFrom' | 'with' | 'withRecursive' | 'fn' | 'case'>

const QUERIES: Record<string, (db: Db) => ReturnType<Extract<Query<unknown>, (db: never) => unknown>>> = {
  'a table': (db) => db.selectFrom('people').selectAll().where('age', '>', 17).limit(3),
  'joins and subqueries': (db) =>
    db
      .selectFrom('people as p')
      .innerJoin('members', 'members.person', 'p.id')
      .select((eb) => [
        'p.name',
        eb.selectFrom('members').select(eb.fn.countAll<number>().as('n')).as('all'),
        sql<number>`${eb.ref('p.age')} + ${1}`.as('next'),
      ])
      .where((eb) => eb.exists(eb.selectFrom('members').select('channel').whereRef('person', '=', 'p.id')))
      .orderBy('p.name', 'desc'),
  'several tables': (db) => db.selectFrom(['people', 'members']).select(['people.id', 'members.channel']),
  'a subquery as a table': (db) =>
    db.selectFrom(db.selectFrom('people').select('name').distinct().as('names')).selectAll(),
  'no table': (db) => db.selectNoFrom((eb) => [eb.val(1).as('one'), eb.lit(null).as('none')]),
  'a function and a case': (db) =>
    db
      .selectFrom('people')
      .select([
        db.fn.max('age').as('oldest'),
        db.case().when(sql<boolean>`age > 60`).then('old').else('young').end().as('kind'),
      ])
      .groupBy('name'),
  'a union': (db) =>
    db.selectFrom('people').select('id').union(db.selectFrom('members').select('person as id')),
  'common tables': (db) =>
    db
      .with('adults', (with_) => with_.selectFrom('people').selectAll().where('age', '>', 17))
      .with('their_channels(person, channel)', (with_) =>
        with_
          .selectFrom('adults')
          .innerJoin('members', 'members.person', 'adults.id')
          .select(['adults.id as person', 'members.channel as channel']),
      )
      .selectFrom('their_channels')
      .selectAll()
      .where('channel', '=', 'general'),
  'materialised ones': (db) =>
    db
      .with(
        (cte) => cte('a').materialized(),
        (with_) => with_.selectFrom('people').select('id'),
      )
      .with(
        (cte) => cte('b').notMaterialized(),
        (with_) => with_.selectNoFrom((eb) => eb.val('x').as('id')),
      )
      .selectFrom('a')
      .innerJoin('b', 'b.id', 'a.id')
      .select('a.id'),
  recursion: (db) =>
    db
      .withRecursive('chain(id, boss)', (with_) =>
        with_
          .selectFrom('people')
          .select(['people.id as id', 'people.boss as boss'])
          .where('people.id', '=', 'ann')
          .unionAll(
            with_
              .selectFrom('people')
              .innerJoin('chain', 'chain.boss', 'people.id')
              .select(['people.id as id', 'people.boss as boss']),
          ),
      )
      .selectFrom('chain')
      .select('id')
      .orderBy('id'),
}

for (const [name, query] of Object.entries(QUERIES)) {
  test(`${name} as Kysely itself writes it`, () => {
    const wanted = query(kysely as unknown as Db).compile()
    expect(compile(query as never)).toEqual({
      sql: wanted.sql,
      params: JSON.stringify(wanted.parameters),
    })
  })
}

test('a query that writes is none', () => {
  expect(() => compile((() => kysely.deleteFrom('people')) as never)).toThrow('Queries only select')
})
