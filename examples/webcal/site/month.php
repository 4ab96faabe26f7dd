<?php
// The month that a day lies in: a row a week, every entry in its day.

declare(strict_types=1);
require 'calendar.php';

$first = asked_day()->modify('first day of this month');
$next = $first->modify('first day of next month');
$days = entries_by_day($first, $next);
$body = '<table class="month"><tr>';
foreach (WEEKDAYS as $name) {
    $body .= "<th>$name</th>";
}
$body .= "</tr>\n<tr>" . str_repeat('<td></td>', (int) $first->format('N') - 1);
for ($day = $first; $day < $next; $day = $day->modify('+1 day')) {
    $body .= '<td><a href="day.php?date=' . $day->format('Ymd') . '">' . $day->format('j') . '</a>';
    foreach ($days[$day->format('Y-m-d')] ?? [] as $entry) {
        $body .= entry_html($entry);
    }
    $body .= '</td>' . ($day->format('N') === '7' ? "</tr>\n<tr>" : '');
}
page($first->format('F Y'), $body . '</tr></table>' . small_month($first->modify('-1 month')) . small_month($next));
