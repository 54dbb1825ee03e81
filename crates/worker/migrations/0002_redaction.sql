-- Where the args of an entry were redacted: the digest of those that the client wrote.
ALTER TABLE events ADD COLUMN digest TEXT;
