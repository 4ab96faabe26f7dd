<?php
// What every page needs: the database, the session, the queries and the frame around a page.

declare(strict_types=1);

const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];

function database(): PDO
{
    static $connection = null;
    if ($connection === null) {
        $settings = parse_ini_file(getenv('WEBCAL_DATABASE'));
        $connection = new PDO(
            "mysql:unix_socket={$settings['socket']};dbname=webcal;charset=utf8mb4",
            'webcal',
            $settings['password'],
            [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION, PDO::ATTR_DEFAULT_FETCH_MODE => PDO::FETCH_ASSOC]
        );
    }
    return $connection;
}

function text(string $plain): string
{
    return htmlspecialchars($plain, ENT_QUOTES, 'UTF-8');
}

// The id of the user who is logged in, or null. A session begins with the login only; visitors need none.
function current_user(): ?int
{
    if (isset($_COOKIE['webcal']) && !isset($_SESSION)) {
        open_session(['read_and_close' => true]);
    }
    return $_SESSION['user'] ?? null;
}

function open_session(array $options = []): void
{
    session_name('webcal');
    session_start($options + ['use_strict_mode' => true, 'cookie_httponly' => true, 'cookie_samesite' => 'Lax']);
}

function refuse(int $status, string $reason): never
{
    http_response_code($status);
    header('Content-Type: text/plain; charset=utf-8');
    echo $reason, "\n";
    exit;
}

// The day that ?date=YYYYMMDD names; today without it.
function asked_day(): DateTimeImmutable
{
    $typed = $_GET['date'] ?? date('Ymd');
    $day = is_string($typed) ? DateTimeImmutable::createFromFormat('!Ymd', $typed) : false;
    if ($day === false || $day->format('Ymd') !== $typed) {
        refuse(400, 'date must be a day as YYYYMMDD');
    }
    return $day;
}

const ENTRY_COLUMNS = 'e.id, e.title, e.description, e.starts_at, e.ends_at, e.owner,
    c.name AS category, c.colour, u.full_name AS owner_name,
    GROUP_CONCAT(CONCAT(p.full_name, \' (\', a.status, \')\') ORDER BY p.id SEPARATOR \', \') AS guests';

const ENTRY_TABLES = 'entries AS e
    JOIN categories AS c ON c.id = e.category
    JOIN users AS u ON u.id = e.owner
    LEFT JOIN participants AS a ON a.entry = e.id
    LEFT JOIN users AS p ON p.id = a.user';

// Entries that begin in [$from, $until), visible to the user, with their participants; keyed by day, in time order.
function entries_by_day(DateTimeImmutable $from, DateTimeImmutable $until): array
{
    $query = database()->prepare(
        'SELECT ' . ENTRY_COLUMNS . ' FROM ' . ENTRY_TABLES . '
         WHERE e.starts_at >= :from AND e.starts_at < :until AND (e.is_public OR e.owner = :user)
         GROUP BY e.id'
    );
    $query->execute([
        'from' => $from->format('Y-m-d H:i:s'),
        'until' => $until->format('Y-m-d H:i:s'),
        'user' => current_user() ?? 0,
    ]);
    $entries = array_merge($query->fetchAll(), repeated_entries($from, $until));
    usort($entries, fn (array $a, array $b) => [$a['starts_at'], $a['id']] <=> [$b['starts_at'], $b['id']]);
    $days = [];
    foreach ($entries as $entry) {
        $days[substr($entry['starts_at'], 0, 10)][] = $entry;
    }
    return mark_conflicts($days);
}

// The repetitions (not the first occurrence) that begin in [$from, $until).
function repeated_entries(DateTimeImmutable $from, DateTimeImmutable $until): array
{
    $query = database()->prepare(
        'SELECT ' . ENTRY_COLUMNS . ', r.unit, r.every, r.last_day
         FROM ' . ENTRY_TABLES . ' JOIN repeats AS r ON r.entry = e.id
         WHERE e.starts_at < :until AND r.last_day >= :from AND (e.is_public OR e.owner = :user)
         GROUP BY e.id'
    );
    $query->execute([
        'from' => $from->format('Y-m-d'),
        'until' => $until->format('Y-m-d H:i:s'),
        'user' => current_user() ?? 0,
    ]);
    $found = [];
    foreach ($query as $entry) {
        $begin = new DateTimeImmutable($entry['starts_at']);
        $length = $begin->diff(new DateTimeImmutable($entry['ends_at']));
        $step = "+{$entry['every']} {$entry['unit']}";
        $end = min($until, (new DateTimeImmutable($entry['last_day']))->modify('+1 day'));
        for ($next = $begin->modify($step); $next < $end; $next = $next->modify($step)) {
            if ($next >= $from) {
                $entry['starts_at'] = $next->format('Y-m-d H:i:s');
                $entry['ends_at'] = $next->add($length)->format('Y-m-d H:i:s');
                $found[] = $entry;
            }
        }
    }
    return $found;
}

// Marks entries that overlap another one of the same day and owner.
function mark_conflicts(array $days): array
{
    foreach ($days as &$entries) {
        foreach ($entries as $i => &$entry) {
            $entry['conflict'] = false;
            foreach ($entries as $j => $other) {
                if ($i !== $j && $entry['owner'] === $other['owner']
                    && $entry['starts_at'] < $other['ends_at'] && $other['starts_at'] < $entry['ends_at']) {
                    $entry['conflict'] = true;
                }
            }
        }
        unset($entry);
    }
    return $days;
}

// Number of visible entries for each day of a month that has any.
function counts_of_month(DateTimeImmutable $first): array
{
    $query = database()->prepare(
        'SELECT DATE(starts_at) AS day, COUNT(*) AS entries FROM entries
         WHERE starts_at >= :from AND starts_at < :until AND (is_public OR owner = :user) GROUP BY day'
    );
    $query->execute([
        'from' => $first->format('Y-m-d'),
        'until' => $first->modify('first day of next month')->format('Y-m-d'),
        'user' => current_user() ?? 0,
    ]);
    return array_column($query->fetchAll(), 'entries', 'day');
}

function entry_html(array $entry): string
{
    $hours = substr($entry['starts_at'], 11, 5) . '–' . substr($entry['ends_at'], 11, 5);
    $details = "{$entry['description']} {$entry['owner_name']}; {$entry['guests']}";
    $class = $entry['conflict'] ? 'entry conflict' : 'entry';
    return "<div class=\"$class\" style=\"border-color:" . text($entry['colour']) . '" title="' . text($details) . '">'
        . "<time>$hours</time> " . text($entry['title']) . ' <i>' . text($entry['category']) . "</i></div>\n";
}

// A month as a small table; days with entries are links.
function small_month(DateTimeImmutable $first): string
{
    $counts = counts_of_month($first);
    $html = '<table class="small"><caption><a href="month.php?date=' . $first->format('Ymd') . '">'
        . $first->format('F Y') . '</a></caption><tr>';
    foreach (WEEKDAYS as $name) {
        $html .= "<th>$name</th>";
    }
    $html .= '</tr><tr>' . str_repeat('<td></td>', (int) $first->format('N') - 1);
    for ($day = $first; $day->format('m') === $first->format('m'); $day = $day->modify('+1 day')) {
        $count = $counts[$day->format('Y-m-d')] ?? 0;
        $number = $day->format('j');
        $html .= $count > 0
            ? '<td><a href="day.php?date=' . $day->format('Ymd') . "\" title=\"$count entries\">$number</a></td>"
            : "<td>$number</td>";
        if ($day->format('N') === '7') {
            $html .= "</tr>\n<tr>";
        }
    }
    return $html . "</tr></table>\n";
}

function page(string $title, string $body): void
{
    $user = current_user();
    $who = $user === null ? '<a href="login.php">Log in</a>' : 'User ' . $user . ', <a href="add.php">add an entry</a>';
    header('Content-Type: text/html; charset=utf-8');
    echo '<!DOCTYPE html><html lang="en"><head><title>', text($title), '</title><style>',
        'body{font:14px sans-serif}td{vertical-align:top}.entry{border-left:4px solid;margin:2px;padding:2px}',
        '.conflict{background:#fdd}.small{font-size:11px}</style></head><body><nav><a href="day.php">Day</a> ',
        '<a href="week.php">Week</a> <a href="month.php">Month</a> <a href="year.php">Year</a> ', $who,
        '</nav><h1>', text($title), "</h1>\n", $body, '</body></html>';
}
