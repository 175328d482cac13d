CREATE SCHEMA read;
CREATE SCHEMA shop;
CREATE SCHEMA tandem;
CREATE TABLE read.read (
    id integer NOT NULL,
    changed timestamp with time zone
);
COMMENT ON TABLE read.read IS 'copied by tandem';
CREATE TABLE shop.moods (
    m text,
    _tandem_deleted_at timestamp with time zone
);
COMMENT ON TABLE shop.moods IS 'copied by tandem';
CREATE TABLE shop.orders (
    id integer NOT NULL,
    gone integer,
    amount numeric,
    "it's, a ""name""" text,
    _tandem_deleted_at timestamp with time zone
);
COMMENT ON TABLE shop.orders IS 'copied by tandem';
CREATE TABLE shop.parts (
    id integer NOT NULL,
    region text NOT NULL,
    _tandem_deleted_at timestamp with time zone
);
COMMENT ON TABLE shop.parts IS 'copied by tandem';
CREATE TABLE shop.read (
    id integer NOT NULL,
    changed timestamp with time zone,
    _tandem_deleted_at timestamp with time zone
);
COMMENT ON TABLE shop.read IS 'copied by tandem';
CREATE TABLE shop.strict (
    id integer NOT NULL,
    n numeric,
    _tandem_deleted_at timestamp with time zone,
    CONSTRAINT strict_n_check CHECK ((n < (100)::numeric))
);
COMMENT ON TABLE shop.strict IS 'copied by tandem';
CREATE TABLE tandem.loads (
    ticket bigint NOT NULL,
    schema_name text NOT NULL,
    table_name text NOT NULL,
    note text,
    is_text boolean
);
CREATE TABLE tandem.made (
    sync text NOT NULL,
    project text NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    place text NOT NULL,
    replacing text
);
CREATE TABLE tandem.streams (
    sync text NOT NULL,
    method text NOT NULL,
    id text NOT NULL,
    checkpoint text NOT NULL,
    source_time double precision,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE tandem.tables (
    sync text NOT NULL,
    schema_name text NOT NULL,
    table_name text NOT NULL,
    source_schema text NOT NULL,
    source_table text NOT NULL,
    source_id bigint NOT NULL,
    columns jsonb NOT NULL,
    key_columns jsonb NOT NULL,
    row_count bigint NOT NULL,
    checkpoint text NOT NULL,
    "position" text,
    origin text NOT NULL,
    source_time double precision NOT NULL,
    stream text,
    left_out text,
    own_columns text,
    parts text,
    cursor text,
    issues text,
    patchwork boolean,
    definition text,
    relation bigint,
    kept_columns text,
    copied_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE tandem.version (
    version integer NOT NULL
);
INSERT INTO read.read VALUES (1, '2026-11-30 16:52:31.765933+00');
INSERT INTO read.read VALUES (2, '2026-11-30 16:52:31.765933+00');
INSERT INTO read.read VALUES (3, '2026-11-30 16:52:47.919392+00');
INSERT INTO shop.moods VALUES ('a', NULL);
INSERT INTO shop.orders VALUES (2, 2, 2.5, 'y', NULL);
INSERT INTO shop.orders VALUES (1, 1, 1.5, 'x', '2026-11-30 16:52:47.917342+00');
INSERT INTO shop.orders VALUES (3, NULL, 1, 'z', NULL);
INSERT INTO shop.parts VALUES (2, 's', NULL);
INSERT INTO shop.parts VALUES (1, 'n', '2026-11-30 16:52:47.917342+00');
INSERT INTO shop.parts VALUES (5, 'n', NULL);
INSERT INTO shop.read VALUES (1, '2026-11-30 16:52:31.765933+00', NULL);
INSERT INTO shop.read VALUES (2, '2026-11-30 16:52:31.765933+00', NULL);
INSERT INTO shop.read VALUES (3, '2026-11-30 16:52:47.919392+00', NULL);
INSERT INTO shop.strict VALUES (1, 1, NULL);
INSERT INTO tandem.made VALUES ('p', 'fx', 'exclusion', '16387 2 shop orders note', '7714008438205485568/16384', NULL);
INSERT INTO tandem.made VALUES ('p', 'fx', 'sync', '', '', NULL);
INSERT INTO tandem.made VALUES ('p', 'fx', 'slot', 'tandem_fx_shop_p', '7714008438205485568/16384', NULL);
INSERT INTO tandem.made VALUES ('p', 'fx', 'publication', 'tandem_fx_shop_p', '7714008438205485568/16384', NULL);
INSERT INTO tandem.made VALUES ('p', 'fx', 'publication', 'tandem_fx_shop_p_appends', '7714008438205485568/16384', NULL);
INSERT INTO tandem.made VALUES ('pr', 'fx', 'sync', '', '', NULL);
INSERT INTO tandem.streams VALUES ('p', 'LOG_BASED', '7714008438205485568 16384 tandem_fx_shop_p 0/1D776F8 1796057566656', '0/1D995E0@1,0/1D99050@1796057568056017', 1796057568.056017, '2026-11-30 16:52:49.151311+00');
INSERT INTO tandem.tables VALUES ('p', 'shop', 'moods', 'shop', 'moods', 16431, '[{"id": 1, "name": "m", "type": "text", "native_type": "shop.mood"}]', '[]', 1, '750:750:', '0/1D778A8', '7714008438205485568/16384', 1796057566.702278, '7714008438205485568 16384 tandem_fx_shop_p 0/1D776F8 1796057566656', NULL, '_tandem_deleted_at', NULL, NULL, NULL, false, 'x750,a1:738.88a85492e8b9,c1:16427 -1,d1:0,e16428:737.0cc175b9c0f1,e16430:737.92eb5ffee6ae,f16431:16431.0,p0:d463b48e66df,q0:747.1d3667c99b05', 16483, NULL, '2026-11-30 16:52:46.949402+00');
INSERT INTO tandem.tables VALUES ('p', 'shop', 'parts', 'shop', 'parts', 16394, '[{"id": 1, "name": "id", "type": "int32", "native_type": "integer"}, {"id": 2, "name": "region", "type": "text", "native_type": "text"}]', '["id", "region"]', 2, '750:750:', '0/1D778A8', '7714008438205485568/16384', 1796057566.702278, '7714008438205485568 16384 tandem_fx_shop_p 0/1D776F8 1796057566656', NULL, '_tandem_deleted_at', '16399:730,16406:731', NULL, NULL, false, 'x750,a1:729.e0c597a237c9,a2:729.91030bee4126,c1:23 -1,c2:text,f16399:16399.16404,f16406:16406.16411,p0:830e08caa683,q0:747.45e7e54f7311', 16495, NULL, '2026-11-30 16:52:46.949402+00');
INSERT INTO tandem.tables VALUES ('p', 'shop', 'read', 'shop', 'read', 16413, '[{"id": 1, "name": "id", "type": "int32", "native_type": "integer"}, {"id": 2, "name": "changed", "type": "timestamptz", "native_type": "timestamp with time zone"}]', '["id"]', 2, '750:750:', '0/1D778A8', '7714008438205485568/16384', 1796057566.702278, '7714008438205485568 16384 tandem_fx_shop_p 0/1D776F8 1796057566656', NULL, '_tandem_deleted_at', NULL, NULL, NULL, false, 'x750,a1:733.e0c597a237c9,a2:733.a2107d4d86b1,c1:23 -1,c2:1184 -1,f16413:16413.0,p0:eb39e2db2341,q0:747.84d90286b35c', 16502, NULL, '2026-11-30 16:52:46.949402+00');
INSERT INTO tandem.tables VALUES ('p', 'shop', 'orders', 'shop', 'orders', 16387, '[{"id": 1, "name": "id", "type": "int32", "native_type": "integer"}, {"id": 4, "name": "amount", "type": "text", "native_type": "numeric"}, {"id": 5, "name": "it''s, a \"name\"", "type": "text", "native_type": "text"}]', '["id"]', 2, '750:750:', '0/1D778A8', '7714008438205485568/16384', 1796057566.702278, '7714008438205485568 16384 tandem_fx_shop_p 0/1D776F8 1796057566656', '2', '_tandem_deleted_at', NULL, NULL, NULL, false, 'x778,a1:727.e0c597a237c9,a2:727.0124979caa1a,a4:727.a2aefc5783a5,a5:727.417cbc3506f1,c1:23 -1,c2:text,c4:1700 -1,c5:text,f16387:16387.16390,p0:d7923005c8ea,q0:747.c8c497ca72a1', 16488, '["gone"]', '2026-11-30 16:52:49.151311+00');
INSERT INTO tandem.tables VALUES ('p', 'shop', 'strict', 'shop', 'strict', 16419, '[{"id": 1, "name": "id", "type": "int32", "native_type": "integer"}, {"id": 2, "name": "n", "type": "text", "native_type": "numeric"}]', '["id"]', 1, '750:750:', '0/1D778A8', '7714008438205485568/16384', 1796057566.702278, '7714008438205485568 16384 tandem_fx_shop_p 0/1D776F8 1796057566656', NULL, '_tandem_deleted_at', NULL, NULL, '[{"cause":"check constraint \"strict_n_check\" refuses it","code":"23514","column":"","constraint":"strict_n_check","id":"ccfbaae5","isDeletion":false,"isIgnored":false,"key":["n2"],"keyText":"id = 2","since":1796057569.1519008},{"cause":"check constraint \"strict_n_check\" refuses it","code":"23514","column":"","constraint":"strict_n_check","id":"ccfbaa3a","isDeletion":false,"isIgnored":false,"key":["n3"],"keyText":"id = 3","since":1796057569.1519008}]', false, 'x778,a1:735.e0c597a237c9,a2:735.f1c9c9618c12,c1:23 -1,c2:1700 -1,f16419:16419.16422,p0:488dafe667ae,q0:747.6cfe77471e55', 16507, NULL, '2026-11-30 16:52:49.151311+00');
INSERT INTO tandem.tables VALUES ('pr', 'read', 'read', 'shop', 'read', 16413, '[{"id": 1, "name": "id", "type": "int32", "native_type": "integer"}, {"id": 2, "name": "changed", "type": "timestamptz", "native_type": "timestamp with time zone"}]', '["id"]', 2, '787:787:', '0/1DC5588', '7714008438205485568/16384', 1796057569.769553, NULL, NULL, NULL, NULL, '{"columns":[2],"last":["2026-11-30 16:52:47.919392+00"],"reads":1}', NULL, false, 'x787,a1:733.e0c597a237c9,a2:733.a2107d4d86b1,c1:23 -1,c2:1184 -1,f16413:16413.0', 16515, NULL, '2026-11-30 16:52:49.892747+00');
INSERT INTO tandem.version VALUES (9);
ALTER TABLE ONLY read.read
    ADD CONSTRAINT read_pkey PRIMARY KEY (id);
ALTER TABLE ONLY shop.orders
    ADD CONSTRAINT orders_pkey PRIMARY KEY (id);
ALTER TABLE ONLY shop.parts
    ADD CONSTRAINT parts_pkey PRIMARY KEY (id, region);
ALTER TABLE ONLY shop.read
    ADD CONSTRAINT read_pkey PRIMARY KEY (id);
ALTER TABLE ONLY shop.strict
    ADD CONSTRAINT strict_pkey PRIMARY KEY (id);
ALTER TABLE ONLY tandem.loads
    ADD CONSTRAINT loads_pkey PRIMARY KEY (schema_name, table_name);
ALTER TABLE ONLY tandem.made
    ADD CONSTRAINT made_pkey PRIMARY KEY (sync, kind, name, place);
ALTER TABLE ONLY tandem.streams
    ADD CONSTRAINT streams_pkey PRIMARY KEY (sync, method);
ALTER TABLE ONLY tandem.tables
    ADD CONSTRAINT tables_pkey PRIMARY KEY (schema_name, table_name);
