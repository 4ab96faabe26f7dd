<?php
// One day hour by hour, with the month before, this and the next in small.

declare(strict_types=1);
require 'calendar.php';

$day = asked_day();
$entries = entries_by_day($day, $day->modify('+1 day'))[$day->format('Y-m-d')] ?? [];
$hours = array_fill(0, 24, '');
foreach ($entries as $entry) {
    $hours[(int) substr($entry['starts_at'], 11, 2)] .= entry_html($entry);
}
$body = '<table class="day">';
foreach ($hours as $hour => $cell) {
    $body .= sprintf("<tr><th>%02d:00</th><td>%s</td></tr>\n", $hour, $cell);
}
$body .= '</table>';
$first = $day->modify('first day of this month');
foreach (['-1 month', '+0 month', '+1 month'] as $step) {
    $body .= small_month($first->modify($step));
}
page($day->format('l, j F Y'), $body);
