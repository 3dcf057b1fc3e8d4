<?php
declare(strict_types=1);

use App\Consts\Pay;

return [
    'name' => 'Test gateway',
    'author' => 'kahub',
    'version' => '1.0.0',
    'options' => ['test' => 'Test'],
    'callback' => [
        Pay::IS_SIGN => true,
        Pay::IS_STATUS => true,
        Pay::FIELD_STATUS_KEY => 'state',
        Pay::FIELD_STATUS_VALUE => 'paid',
        Pay::FIELD_ORDER_KEY => 'order',
        Pay::FIELD_AMOUNT_KEY => 'amount',
        Pay::FIELD_RESPONSE => 'taken',
    ],
];
