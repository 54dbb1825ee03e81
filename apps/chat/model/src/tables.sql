-- The state of the chat. The names of the constraints are what a rejected person reads.

CREATE TABLE people (
  id TEXT NOT NULL PRIMARY KEY, -- the subject
  name TEXT NOT NULL COLLATE NOCASE UNIQUE,
  avatar TEXT,
  role TEXT NOT NULL CHECK (role IN ('owner', 'admin', 'member')),
  CONSTRAINT `a name has 1 to 40 characters` CHECK (length(name) BETWEEN 1 AND 40),
  CONSTRAINT `an avatar is one emoji` CHECK (length(avatar) BETWEEN 1 AND 16)
) STRICT, WITHOUT ROWID;

-- One row, once somebody has changed something.
CREATE TABLE workspace (
  id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
  name TEXT,
  invite_only INTEGER NOT NULL CHECK (invite_only IN (0, 1)),
  CONSTRAINT `the name of a workspace has 1 to 40 characters` CHECK (length(trim(name)) BETWEEN 1 AND 40)
) STRICT;

CREATE TABLE invites (
  code TEXT NOT NULL PRIMARY KEY,
  created_by TEXT NOT NULL REFERENCES people (id),
  expires_at INTEGER, -- milliseconds, by the server's clock
  uses_left INTEGER CHECK (uses_left >= 0),
  CONSTRAINT `the code of an invite has 8 to 64 characters` CHECK (length(code) BETWEEN 8 AND 64)
) STRICT, WITHOUT ROWID;

CREATE TABLE channels (
  id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  topic TEXT,
  kind TEXT NOT NULL CHECK (kind IN ('open', 'announcements', 'private')),
  category TEXT,
  created_by TEXT NOT NULL REFERENCES people (id),
  CONSTRAINT `an id has 1 to 64 characters` CHECK (length(id) BETWEEN 1 AND 64),
  CONSTRAINT `a topic has 1 to 200 characters` CHECK (length(topic) BETWEEN 1 AND 200),
  CONSTRAINT `a category has 1 to 40 characters` CHECK (length(trim(category)) BETWEEN 1 AND 40)
) STRICT, WITHOUT ROWID;

CREATE TABLE members (
  channel TEXT NOT NULL REFERENCES channels (id),
  person TEXT NOT NULL REFERENCES people (id),
  PRIMARY KEY (channel, person)
) STRICT, WITHOUT ROWID;
CREATE INDEX members_by_person ON members (person);

CREATE TABLE messages (
  id TEXT NOT NULL PRIMARY KEY,
  channel TEXT NOT NULL REFERENCES channels (id),
  author TEXT NOT NULL REFERENCES people (id),
  text TEXT NOT NULL,
  posted_at INTEGER NOT NULL, -- milliseconds, by the author's clock
  reply_to TEXT REFERENCES messages (id),
  edited INTEGER NOT NULL DEFAULT 0 CHECK (edited IN (0, 1)),
  deleted INTEGER NOT NULL DEFAULT 0 CHECK (deleted IN (0, 1)),
  pinned INTEGER NOT NULL DEFAULT 0 CHECK (pinned IN (0, 1)),
  CONSTRAINT `an id has 1 to 64 characters` CHECK (length(id) BETWEEN 1 AND 64),
  CONSTRAINT `a message has 1 to 4000 characters` CHECK (
    deleted OR (length(text) <= 4000 AND trim(text, char(9, 10, 13, 32)) <> '')
  )
) STRICT, WITHOUT ROWID;
CREATE INDEX messages_by_channel ON messages (channel, posted_at);
CREATE INDEX messages_pinned ON messages (channel) WHERE pinned = 1;

CREATE TABLE reactions (
  message TEXT NOT NULL REFERENCES messages (id),
  emoji TEXT NOT NULL,
  person TEXT NOT NULL REFERENCES people (id),
  PRIMARY KEY (message, emoji, person),
  CONSTRAINT `a reaction is one emoji` CHECK (length(emoji) BETWEEN 1 AND 16)
) STRICT, WITHOUT ROWID;
