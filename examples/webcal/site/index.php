<?php
// The way in.

declare(strict_types=1);
header('Location: month.php?date=20130901');
http_response_code(302);
