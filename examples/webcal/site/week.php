<?php
// The week that a day lies in: seven columns, a row an hour.

declare(strict_types=1);
require 'calendar.php';

$monday = asked_day()->modify('monday this week');
$days = entries_by_day($monday, $monday->modify('+7 days'));
$grid = [];
foreach ($days as $date => $entries) {
    foreach ($entries as $entry) {
        $grid[(int) substr($entry['starts_at'], 11, 2)][$date] =
            ($grid[(int) substr($entry['starts_at'], 11, 2)][$date] ?? '') . entry_html($entry);
    }
}
$body = '<table class="week"><tr><th></th>';
for ($column = 0; $column < 7; $column++) {
    $day = $monday->modify("+$column days");
    $body .= '<th><a href="day.php?date=' . $day->format('Ymd') . '">' . $day->format('D j M') . '</a></th>';
}
$body .= "</tr>\n";
for ($hour = 0; $hour < 24; $hour++) {
    $body .= sprintf('<tr><th>%02d:00</th>', $hour);
    for ($column = 0; $column < 7; $column++) {
        $body .= '<td>' . ($grid[$hour][$monday->modify("+$column days")->format('Y-m-d')] ?? '') . '</td>';
    }
    $body .= "</tr>\n";
}
$body .= '</table>' . small_month($monday->modify('first day of this month'));
page('Week ' . $monday->format('W, o'), $body);
