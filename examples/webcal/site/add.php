<?php
// Adds an entry by POST of title, date (YYYYMMDD), hour and minutes; only for those who are logged in.

declare(strict_types=1);
require 'calendar.php';

$user = current_user();
if ($user === null) {
    refuse(403, 'log in first');
}
if ($_SERVER['REQUEST_METHOD'] !== 'POST') {
    page('Add an entry', '<form method="post"><label>Title <input name="title" maxlength="80"></label>'
        . '<label>Date <input name="date" placeholder="YYYYMMDD"></label>'
        . '<label>Hour <input name="hour"></label><label>Minutes <input name="minutes"></label>'
        . '<button>Add</button></form>');
    exit;
}
$day = DateTimeImmutable::createFromFormat('!Ymd', (string) ($_POST['date'] ?? ''));
$title = trim((string) ($_POST['title'] ?? ''));
$hour = filter_var($_POST['hour'] ?? '9', FILTER_VALIDATE_INT, ['options' => ['min_range' => 0, 'max_range' => 23]]);
$minutes = filter_var($_POST['minutes'] ?? '60', FILTER_VALIDATE_INT, ['options' => ['min_range' => 5, 'max_range' => 600]]);
if ($day === false || !preg_match('/^.{1,80}$/u', $title) || $hour === false || $minutes === false) {
    refuse(400, 'title, date, hour and minutes are needed');
}
$begin = $day->setTime($hour, 0);
$database = database();
$database->beginTransaction();
$database->prepare(
    'INSERT INTO entries (owner, category, title, description, starts_at, ends_at) VALUES (?, 1, ?, ?, ?, ?)'
)->execute([
    $user,
    $title,
    'Added by hand.',
    $begin->format('Y-m-d H:i:s'),
    $begin->modify("+$minutes minutes")->format('Y-m-d H:i:s'),
]);
$entry = (int) $database->lastInsertId();
$database->prepare('INSERT INTO participants (entry, user, status) VALUES (?, ?, \'accepted\')')->execute([$entry, $user]);
$database->commit();
page('Added', '<p>Entry ' . $entry . ': <a href="day.php?date=' . $day->format('Ymd') . '">' . text($title) . '</a></p>');
