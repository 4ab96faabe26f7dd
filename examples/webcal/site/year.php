<?php
// Twelve small months; the year is ?year=YYYY or that of ?date=YYYYMMDD.

declare(strict_types=1);
require 'calendar.php';

$year = $_GET['year'] ?? asked_day()->format('Y');
if (!is_string($year) || !preg_match('/^[0-9]{4}$/', $year)) {
    refuse(400, 'year must be four digits');
}
$body = '';
for ($month = 1; $month <= 12; $month++) {
    $body .= small_month(new DateTimeImmutable(sprintf('%s-%02d-01', $year, $month)));
}
page($year, $body);
