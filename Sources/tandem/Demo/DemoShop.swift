/// The sample database of `tandem demo`: a year of a small web shop, the same on every run.
///
/// It holds what real databases hold: every common type, a table partitioned
/// by month, a view and a materialized one, names that need quotes, values at
/// the edge of their types. About 190,000 rows, made by the server in seconds.
enum DemoShop {
    static let sql = #"""
        SELECT setseed(0.42);
        CREATE SCHEMA shop;
        CREATE SCHEMA web;
        COMMENT ON SCHEMA shop IS 'What is sold, to whom, and what became of it';
        COMMENT ON SCHEMA web IS 'What visitors of the web shop do';

        CREATE TYPE shop.tier AS ENUM ('bronze', 'silver', 'gold');
        CREATE TYPE shop.order_status AS ENUM ('new', 'paid', 'shipped', 'delivered', 'returned', 'cancelled');
        CREATE TYPE shop.address AS (street text, postcode text, city text);
        CREATE DOMAIN shop.email AS text CHECK (VALUE LIKE '%_@_%');

        CREATE TABLE shop.countries (
            code char(2) PRIMARY KEY,
            name text NOT NULL,
            currency text NOT NULL,
            vat numeric(4, 3) NOT NULL
        );
        INSERT INTO shop.countries VALUES
            ('AT', 'Österreich', '€', 0.200), ('CH', 'Schweiz', 'CHF', 0.081), ('DE', 'Deutschland', '€', 0.190),
            ('DK', 'Danmark', 'kr', 0.250), ('FR', 'France', '€', 0.200), ('IT', 'Italia', '€', 0.220),
            ('JP', '日本', '¥', 0.100), ('NL', 'Nederland', '€', 0.210), ('PL', 'Polska', 'zł', 0.230);

        CREATE TABLE shop.customers (
            id uuid PRIMARY KEY,
            email shop.email NOT NULL UNIQUE,
            name text NOT NULL,
            country char(2) NOT NULL,
            address shop.address,
            tier shop.tier NOT NULL,
            interests text[] NOT NULL,
            preferences jsonb NOT NULL,
            born date,
            last_ip inet,
            marketing boolean,
            joined timestamptz NOT NULL
        );
        INSERT INTO shop.customers
        SELECT md5('customer' || n)::uuid,
            lower(given || '.' || family || n || '@example.org'),
            given || ' ' || family,
            (string_to_array('DE DE DE AT CH FR FR IT NL NL DK PL JP', ' '))[1 + (r1 * 13)::int % 13],
            CASE WHEN r2 < 0.97 THEN
                ROW((ARRAY['Lindenweg', 'Rue du Port', 'Via Roma', 'Skolegade', '桜通り'])[1 + (r2 * 60)::int % 5]
                    || ' ' || 1 + n % 120, lpad((n * 7919 % 99999)::text, 5, '0'),
                    (ARRAY['Berlin', 'Wien', 'Genève', 'Kraków', 'København', '京都'])[1 + n % 6])::shop.address
            END,
            (CASE WHEN n % 50 = 0 THEN 'gold' WHEN n % 8 = 0 THEN 'silver' ELSE 'bronze' END)::shop.tier,
            (ARRAY['tea', 'coffee', 'books', 'bikes', 'garden', 'music'])
                [1 + (r1 * 13)::int % 4:1 + (r1 * 13)::int % 4 + (r3 * 3)::int],
            jsonb_build_object('language', (ARRAY['de', 'fr', 'en', 'it'])[1 + n % 4], 'newsletter', r3 < 0.4,
                'theme', CASE WHEN r1 < 0.3 THEN 'dark' END),
            CASE WHEN r1 < 0.9 THEN date '1945-01-01' + (r3 * 22000)::int END,
            CASE WHEN n % 11 = 0 THEN inet '2001:db8::' + n ELSE inet '198.51.100.0' + n % 256 END,
            CASE WHEN r2 < 0.8 THEN r2 < 0.5 END,
            timestamptz '2023-01-01 08:00+00' + r1 * interval '700 days'
        FROM (
            SELECT n, random() AS r1, random() AS r2, random() AS r3,
                (ARRAY['Ada', 'Björn', 'Chloé', 'Dóra', 'Émile', 'Fatma', 'Håkon', 'Inês', '優子'])[1 + n % 9] AS given,
                (ARRAY['Lovelace', 'Müller', 'Dupont', 'Nowak', 'Øster', 'Rossi', 'O''Brien'])[1 + n / 10 % 7] AS family
            FROM generate_series(1, 6000) n
        ) people;

        CREATE TABLE shop.categories (
            id smallint PRIMARY KEY,
            parent smallint REFERENCES shop.categories,
            name text NOT NULL
        );
        INSERT INTO shop.categories VALUES
            (1, NULL, 'Kitchen'), (2, NULL, 'Outdoors'), (3, NULL, 'Study'), (11, 1, 'Tea'), (12, 1, 'Coffee'),
            (13, 1, 'Knives'),
            (21, 2, 'Bicycles'), (22, 2, 'Garden'), (31, 3, 'Books'), (32, 3, 'Lamps');

        CREATE TABLE shop.products (
            id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            sku varchar(12) NOT NULL UNIQUE,
            category smallint NOT NULL REFERENCES shop.categories,
            name text NOT NULL,
            price numeric(10, 2) NOT NULL CHECK (price > 0),
            cost numeric(10, 2) NOT NULL,
            margin numeric(10, 2) GENERATED ALWAYS AS (price - cost) STORED,
            weight_kg real,
            size_cm numeric(6, 1)[],
            attributes jsonb NOT NULL,
            on_sale daterange,
            label bytea,
            search tsvector
        );
        INSERT INTO shop.products (sku, category, name, price, cost, weight_kg, size_cm, attributes, on_sale, label,
            search)
        SELECT 'SKU-' || lpad(n::text, 6, '0'), category, name, price, round(price * (0.4 + 0.4 * r2)::numeric, 2),
            CASE WHEN r2 < 0.95 THEN (r1 * 12)::real END,
            CASE WHEN n % 4 > 0 THEN ARRAY[(r1 * 90)::numeric(6, 1), (r2 * 60)::numeric(6, 1), NULL] END,
            jsonb_build_object('colour', colour, 'rating_target', round((3 + 2 * r2)::numeric, 1), 'eco', n % 3 = 0),
            CASE n % 5
                WHEN 0 THEN daterange('2025-11-24', '2025-12-02')
                WHEN 1 THEN daterange(date '2025-01-01' + n % 200, NULL)
            END,
            decode(md5(name), 'hex'), to_tsvector('simple', name)
        FROM (
            SELECT *, colour || ' ' || thing || ' No. ' || n AS name,
                round((5 + 15 / (0.06 + r1))::numeric, 2) - 0.01 AS price
            FROM (
                SELECT n, random() AS r1, random() AS r2,
                    (ARRAY['Crimson', 'Ivory', 'Teal', 'Walnut', 'Slate'])[1 + n / 7 % 5] AS colour,
                    (ARRAY[11, 12, 13, 21, 22, 31, 32])[1 + n % 7] AS category,
                    (ARRAY['Teapot', 'Grinder', 'Santoku', 'Bicycle', 'Rake', 'Notebook', 'Lamp'])[1 + n % 7] AS thing
                FROM generate_series(1, 700) n
            ) dice
        ) catalogue;

        CREATE TABLE shop.stock (
            product integer NOT NULL,
            place point NOT NULL,
            shelf text NOT NULL,
            pieces integer NOT NULL,
            counted_at time NOT NULL,
            truck_leaves timetz NOT NULL,
            PRIMARY KEY (product, shelf)
        );
        INSERT INTO shop.stock
        SELECT n, point(round((n % 40)::numeric, 1), round((n / 40)::numeric, 1)), shelf, (random() * 80)::int,
            time '06:00' + n % 600 * interval '1 minute', timetz '17:30+01'
        FROM generate_series(1, 700) n, unnest(ARRAY['A', 'B']) shelf;

        CREATE TABLE shop.prices (
            product integer NOT NULL,
            valid tstzrange NOT NULL,
            price numeric NOT NULL
        );
        INSERT INTO shop.prices
        SELECT p.id, tstzrange(start, CASE WHEN step < 3 THEN start + interval '122 days' END),
            p.price * (0.9 + 0.05 * step)
        FROM shop.products p, generate_series(0, 3) step,
            LATERAL (SELECT timestamptz '2025-01-01 00:00+00' + step * interval '122 days') begin (start);

        CREATE TEMP TABLE sale AS
        SELECT n AS id, md5('customer' || 1 + floor(power(random(), 2.2) * 6000)::int)::uuid AS customer,
            timestamptz '2025-01-01 00:00+00'
                + interval '1 day'
                    * CASE WHEN random() < 0.09 THEN 325 + random() * 10 ELSE 364 * power(random(), 0.8) END AS placed,
            random() AS r1, random() AS r2
        FROM generate_series(1, 24000) n;

        CREATE TABLE shop.order_lines (
            "order" bigint NOT NULL,
            line smallint NOT NULL,
            product integer NOT NULL,
            quantity smallint NOT NULL,
            unit_price numeric(10, 2) NOT NULL,
            discount double precision,
            PRIMARY KEY ("order", line)
        );
        INSERT INTO shop.order_lines
        SELECT sale.id, line, p.id, 1 + (random() * random() * 4)::int, p.price, CASE WHEN sale.r2 < 0.15 THEN 0.1 END
        FROM sale
        CROSS JOIN LATERAL generate_series(1, 1 + (sale.r1 * 3.4)::int) line
        JOIN shop.products p
            ON p.id = 1 + floor(power((sale.id * 7919 + line * 104729) % 10007 / 10007.0::float8, 1.7) * 700)::int;

        CREATE TABLE shop.orders (
            id bigint PRIMARY KEY,
            customer uuid NOT NULL,
            status shop.order_status NOT NULL,
            placed timestamptz NOT NULL,
            total numeric(12, 2) NOT NULL,
            ship_to shop.address,
            delivery interval,
            note text
        );
        INSERT INTO shop.orders
        SELECT sale.id, sale.customer,
            (CASE
                WHEN r1 < 0.04 THEN 'cancelled'
                WHEN placed > '2025-12-27' THEN 'paid'
                WHEN placed > '2025-12-21' THEN 'shipped'
                WHEN r2 < 0.02 + 0.13 * fragile::int THEN 'returned' ELSE 'delivered'
            END)::shop.order_status,
            placed, lines.total,
            CASE WHEN r2 < 0.2 THEN ROW('Packstation ' || sale.id % 300, '10115', 'Berlin')::shop.address END,
            CASE WHEN r1 >= 0.04 THEN interval '1 day' + r2 * interval '6 days 4 hours' END,
            (ARRAY['Please ring twice', 'Geschenk 🎁', E'Leave it\nwith Ada', NULL, NULL])[1 + (r2 * 60)::int % 5]
        FROM sale
        JOIN (
            SELECT l."order" AS id,
                sum(quantity * unit_price * (1 - coalesce(discount, 0))::numeric)::numeric(12, 2) AS total,
                bool_or(p.category IN (11, 32)) AS fragile
            FROM shop.order_lines l JOIN shop.products p ON p.id = l.product GROUP BY 1
        ) lines USING (id);

        CREATE TABLE shop.payments (
            id uuid PRIMARY KEY,
            "order" bigint NOT NULL,
            method text NOT NULL,
            amount numeric(12, 2) NOT NULL,
            card_last4 char(4),
            paid timestamp NOT NULL,
            flags bit(8) NOT NULL
        );
        INSERT INTO shop.payments
        SELECT md5('payment' || id)::uuid, id, method, total,
            CASE WHEN method = 'card' THEN lpad((id % 10000)::text, 4, '0') END,
            placed AT TIME ZONE 'UTC' + interval '42.125 seconds', (id % 256)::int::bit(8)
        FROM (SELECT *, (ARRAY['card', 'card', 'transfer', 'invoice', 'voucher'])[1 + id % 5] AS method
            FROM shop.orders) paid
        WHERE status NOT IN ('new', 'cancelled');

        CREATE TABLE shop.reviews (
            id integer GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
            product integer NOT NULL,
            customer uuid NOT NULL,
            stars smallint NOT NULL CHECK (stars BETWEEN 1 AND 5),
            text text,
            written timestamptz NOT NULL
        );
        INSERT INTO shop.reviews (product, customer, stars, text, written)
        SELECT l.product, o.customer,
            greatest(1, least(5,
                (2.4 + p.category % 4 * 0.5 - 0.8 * (o.status = 'returned')::int + random() * 2)::int)),
            CASE WHEN o.id % 3 = 0 THEN (ARRAY['Lovely.', 'Arrived broken 😕',
                'Very good, "as described"; would buy again',
                repeat('A long review. ', 400)])[1 + o.id::int / 3 % 4] END,
            o.placed + interval '9 days'
        FROM shop.orders o JOIN shop.order_lines l ON l."order" = o.id AND l.line = 1
            JOIN shop.products p ON p.id = l.product
        WHERE o.id % 4 = 0 AND o.status IN ('delivered', 'returned');

        CREATE TABLE shop."Gift Cards ♥" (
            "Card No." text PRIMARY KEY,
            "Value €" numeric(6, 2) NOT NULL,
            "select" boolean,
            "Sent ""with love"" by" text,
            expires timestamp
        );
        INSERT INTO shop."Gift Cards ♥"
        SELECT 'G-' || n, (ARRAY[10, 25, 50, 100])[1 + n % 4], n % 2 = 0, 'Owl ' || n % 9,
            CASE WHEN n % 10 = 0 THEN 'infinity' ELSE timestamp '2027-01-01' END
        FROM generate_series(1, 300) n;

        CREATE TABLE web.visits (
            id bigint NOT NULL,
            at timestamptz NOT NULL,
            session uuid NOT NULL,
            kind text NOT NULL,
            path text NOT NULL,
            ip inet NOT NULL,
            device macaddr,
            details json,
            PRIMARY KEY (id, at)
        ) PARTITION BY RANGE (at);
        DO $$
        DECLARE
            start date;
        BEGIN
            FOR start IN SELECT date '2025-07-01' + month * interval '1 month' FROM generate_series(0, 5) month LOOP
                EXECUTE format('CREATE TABLE web.visits_%s PARTITION OF web.visits FOR VALUES FROM (%L) TO (%L)',
                    to_char(start, 'YYYY_MM'), start, start + interval '1 month');
            END LOOP;
        END $$;
        INSERT INTO web.visits
        SELECT row_number() OVER (ORDER BY session, step), start + step * interval '37 seconds',
            md5('session' || session)::uuid,
            (ARRAY['visit', 'product', 'cart', 'checkout', 'order'])[step],
            (ARRAY['/', '/p/' || 1 + session * 31 % 700, '/cart', '/checkout', '/thanks'])[step],
            inet '203.0.113.0' + session % 250,
            CASE WHEN step = 1 AND session % 2 = 0 THEN ('08:00:2b:' || session % 90 + 10 || ':02:03')::macaddr END,
            CASE WHEN step = 1 THEN json_build_object('from', source, 'mobile', r1 < 0.6) END
        FROM (
            SELECT session, random() AS r1, random() AS luck,
                timestamptz '2025-07-01 00:05+00' + power(random(), 0.7) * interval '183 days' AS start,
                (ARRAY['search', 'search', 'newsletter', 'friend', 'advert'])[1 + session % 5] AS source
            FROM generate_series(1, 30000) session
        ) sessions,
        LATERAL generate_series(1, CASE
            WHEN luck < 0.045 + 0.03 * (source IN ('newsletter', 'friend'))::int THEN 5 WHEN luck < 0.11 THEN 4
            WHEN luck < 0.24 THEN 3 WHEN luck < 0.68 THEN 2 ELSE 1 END) step;
        CREATE INDEX ON web.visits (session);

        ALTER TABLE shop.customers ADD FOREIGN KEY (country) REFERENCES shop.countries;
        ALTER TABLE shop.stock ADD FOREIGN KEY (product) REFERENCES shop.products;
        ALTER TABLE shop.orders ADD FOREIGN KEY (customer) REFERENCES shop.customers;
        ALTER TABLE shop.order_lines ADD FOREIGN KEY ("order") REFERENCES shop.orders;
        ALTER TABLE shop.order_lines ADD FOREIGN KEY (product) REFERENCES shop.products;
        ALTER TABLE shop.payments ADD FOREIGN KEY ("order") REFERENCES shop.orders;

        CREATE VIEW shop.open_orders AS
        SELECT o.id, c.name, o.placed, o.total FROM shop.orders o JOIN shop.customers c ON c.id = o.customer
        WHERE o.status IN ('new', 'paid', 'shipped');
        CREATE MATERIALIZED VIEW shop.best_sellers AS
        SELECT p.id, p.name, sum(l.quantity) AS pieces, sum(l.quantity * l.unit_price) AS revenue
        FROM shop.order_lines l JOIN shop.products p ON p.id = l.product GROUP BY 1, 2 ORDER BY 4 DESC LIMIT 100;
        ANALYZE;
        """#
}
