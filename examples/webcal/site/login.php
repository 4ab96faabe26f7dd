<?php
// Login by POST of login and password; a GET shows the form.

declare(strict_types=1);
require 'calendar.php';

$message = '';
if ($_SERVER['REQUEST_METHOD'] === 'POST') {
    $query = database()->prepare('SELECT id, password_hash FROM users WHERE login = :login');
    $query->execute(['login' => (string) ($_POST['login'] ?? '')]);
    $user = $query->fetch();
    if ($user !== false && password_verify((string) ($_POST['password'] ?? ''), $user['password_hash'])) {
        open_session();
        session_regenerate_id(true);
        $_SESSION['user'] = (int) $user['id'];
        header('Location: day.php');
        http_response_code(302);
        exit;
    }
    http_response_code(403);
    $message = '<p>Unknown login or wrong password.</p>';
}
page('Log in', $message . '<form method="post"><label>Login <input name="login"></label>'
    . '<label>Password <input name="password" type="password"></label><button>Log in</button></form>');
