extension DemoShop {
    /// What the demo asks its warehouse, in DuckDB's SQL.
    static let questions: [(title: String, sql: String)] = [
        (
            title: "What was sold, month by month?",
            sql: """
            SELECT
                strftime(placed, '%Y-%m') AS month,
                count(*) AS orders,
                sum(total) AS revenue,
                bar(sum(total), 0, max(sum(total)) OVER (), 24) AS "from January to December"
            FROM shop.orders
            WHERE status <> 'cancelled'
            GROUP BY month
            ORDER BY month
            """
        ),
        (
            title: "Which categories earn most, which are loved, which come back?",
            sql: """
            SELECT
                c.name AS category,
                sum(l.quantity) AS pieces,
                sum(l.quantity * p.margin) AS margin,
                (
                    SELECT round(avg(r.stars), 2)
                    FROM shop.reviews r JOIN shop.products q ON q.id = r.product
                    WHERE q.category = c.id
                ) AS stars,
                round(100.0 * count(*) FILTER (o.status = 'returned') / count(*), 1) AS "returned %"
            FROM shop.order_lines l
            JOIN shop.orders o ON o.id = l."order"
            JOIN shop.products p ON p.id = l.product
            JOIN shop.categories c ON c.id = p.category
            GROUP BY c.id, c.name
            ORDER BY margin DESC
            """
        ),
        (
            title: "Where do visitors come from, and how many buy?",
            sql: """
            WITH sessions AS (
                SELECT
                    session,
                    max(details ->> '$.from') AS source,
                    count(*) FILTER (kind = 'product') AS looked,
                    count(*) FILTER (kind = 'cart') AS chose,
                    count(*) FILTER (kind = 'order') AS bought
                FROM web.visits
                GROUP BY session
            )
            SELECT
                source,
                count(*) AS visitors,
                sum(looked) AS "looked at a product",
                sum(chose) AS "filled a cart",
                sum(bought) AS bought,
                round(100.0 * sum(bought) / count(*), 1) AS "bought %"
            FROM sessions
            GROUP BY source
            ORDER BY "bought %" DESC
            """
        ),
        (
            title: "How much do the best customers matter?",
            sql: """
            WITH spent AS (
                SELECT customer, sum(total) AS total, count(*) AS orders FROM shop.orders GROUP BY customer
            ), ranked AS (
                SELECT *, ntile(10) OVER (ORDER BY total DESC) AS tenth FROM spent
            )
            SELECT
                'tenth ' || tenth AS customers,
                count(*) AS people,
                round(avg(orders), 1) AS "orders each",
                round(avg(total)) AS "spent each",
                round(100 * sum(total) / sum(sum(total)) OVER (), 1) AS "share %"
            FROM ranked
            GROUP BY tenth
            ORDER BY tenth
            LIMIT 5
            """
        ),
        (
            title: "What do customers of each country care about?",
            sql: """
            SELECT
                k.name AS country,
                count(DISTINCT c.id) AS customers,
                mode(interest) AS "mostly interested in",
                round(avg(o.total), 2) AS "average order",
                quantile_cont(epoch(o.delivery) / 86400, 0.5)::DECIMAL(4, 1) AS "days to deliver"
            FROM shop.customers c
            CROSS JOIN unnest(c.interests) AS i(interest)
            JOIN shop.countries k ON k.code = c.country
            JOIN shop.orders o ON o.customer = c.id
            GROUP BY k.name
            ORDER BY customers DESC
            """
        ),
    ]
}
