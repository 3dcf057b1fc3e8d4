<?php
// What the rewrite rule of the shop's web server does: files as they are, everything else through index.php.
$path = (string)parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
if ($path !== '/' && is_file($_SERVER['DOCUMENT_ROOT'] . $path)) {
    return false;
}
$_GET['s'] = $path;
$_REQUEST['s'] = $path;
chdir($_SERVER['DOCUMENT_ROOT']);
require 'index.php';
